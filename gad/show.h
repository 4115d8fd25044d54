/* Numbers as people read them, in small structs that can be used at once:
 *
 *     printf("%s of %s", gad_show_percent(share).text, gad_show_count(5120).text);
 *
 * What is not finite is shown as a dash. Texts are UTF-8: the minus is a real one, and a number
 * stays on one line with its unit.
 */
#ifndef GAD_SHOW_H
#define GAD_SHOW_H

struct gad_shown {
    char text[64];
};

/* So many significant digits (1 to 15): "0.0213", "-3.1e+12". */
struct gad_shown gad_show_number(double value, int digits);

/* So many digits (0 to 15) behind the point; from 1e15 on, as gad_show_number does. */
struct gad_shown gad_show_fixed(double value, int digits);

/* A whole number with its thousands apart: "5,120". */
struct gad_shown gad_show_count(double value);

/* "93 %", of a share of 1. Only 1 is "100 %" and only 0 is "0 %": where rounding would claim that,
 * more digits are given ("99.9 %", and "> 99.9 %" at last). */
struct gad_shown gad_show_percent(double share);

/* "8.3 s", "2 min 3 s", "1 h 20 min". */
struct gad_shown gad_show_time(double seconds);

#endif
