/* What is said on standard error: one line a message, whatever is in the names that it quotes. */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

/* Prints "gad: TEXT" or, with a command's name, "gad COMMAND: TEXT", and a line end. Control
 * characters, such as the line ends and escapes of names in a hostile file, become "?". */
void cli_message(const char *command, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

#endif
