/* What is said to people: one line a message, whatever is in the names that it quotes. */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include <stddef.h>
#include <stdio.h>

/* Prints text from a file, the first `most` bytes of it, in at least `width` columns. Control
 * characters (of ASCII, and U+0080 to U+009F), which a terminal might obey, become "?". */
void cli_put_text(FILE *f, const char *text, int width, size_t most);

/* Prints "gad: TEXT" or, with a command's name, "gad COMMAND: TEXT", and a line end, to standard
 * error; without control characters, as above. */
void cli_message(const char *command, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

#endif
