#include "gad/cli/message.h"

#include <stdarg.h>
#include <string.h>

void cli_put_text(FILE *f, const char *text, int width, size_t most)
{
    int column = 0;
    size_t n = strlen(text);
    const int cut = n > most;
    for (n = cut ? most : n; cut && n && ((unsigned char)text[n] & 0xc0) == 0x80;)
        n--; /* not in the middle of a character */
    for (size_t i = 0; i < n; i++) {
        const unsigned char byte = (unsigned char)text[i];
        const int control = byte < ' ' || byte == 0x7f;
        const int c1 = byte == 0xc2 && ((unsigned char)text[i + 1] & 0xe0) == 0x80;
        putc(control || c1 ? '?' : byte, f);
        i += c1; /* both bytes of it */
        column += (byte & 0xc0) != 0x80;
    }
    column += cut ? fprintf(f, "...") : 0;
    fprintf(f, "%*s", column < width ? width - column : 0, "");
}

void cli_message(const char *command, const char *format, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    fprintf(stderr, "gad%s%s: ", command ? " " : "", command ? command : "");
    cli_put_text(stderr, text, 0, sizeof text);
    putc('\n', stderr);
}
