/* The names that options can be given, by the option: from the same lists that they are parsed by,
 * so that whoever completes a command line knows a new one at once. */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

/* The values of the option of that name (or the operand of the command of that name), up to a NULL;
 * NULL itself where anything goes. One that ends in a colon is the beginning of a value. An option
 * means the same in every command that has it. */
const char *const *cli_values_of(const char *name);

#endif
