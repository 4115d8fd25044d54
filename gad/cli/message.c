#include "gad/cli/message.h"

#include <stdarg.h>
#include <stdio.h>

void cli_message(const char *command, const char *format, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    fprintf(stderr, "gad%s%s: ", command ? " " : "", command ? command : "");
    for (const char *p = text; *p; p++)
        putc((unsigned char)*p < ' ' || *p == '\177' ? '?' : *p, stderr);
    putc('\n', stderr);
}
