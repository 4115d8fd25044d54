/* What pages are made of: escaping, Base64, numbers in words, and charts. */
#include "data/base64.h"
#include "gad/chart.h"
#include "gad/html.h"
#include "gad/show.h"

#include "tests/markup.h"
#include "tests/tap.h"

#include <stdbool.h>

static char page[1 << 20];

/* A page that is written into a temporary file, and then read into `page`. */
static FILE *begin(struct gad_html *html)
{
    FILE *file = tmpfile();
    if (!file)
        exit(1);
    gad_html_init(html, file);
    return file;
}

static enum eng_err finish(struct gad_html *html, FILE *file)
{
    const enum eng_err err = gad_html_finish(html);
    rewind(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    return err;
}

static void base64(void)
{
    static const struct {
        const char *bytes, *text;
    } known[] = {{"", ""},
                 {"f", "Zg=="},
                 {"fo", "Zm8="},
                 {"foo", "Zm9v"},
                 {"foob", "Zm9vYg=="},
                 {"fooba", "Zm9vYmE="},
                 {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char text[16] = "";
        const size_t count = strlen(known[i].bytes);
        dat_base64_encode(text, (const uint8_t *)known[i].bytes, count);
        CHECK(strcmp(text, known[i].text) == 0 && DAT_BASE64_SIZE(count) == strlen(text),
              "RFC 4648: \"%s\" is \"%s\"", known[i].bytes, text);
    }
    static const uint8_t high[3] = {0xff, 0xef, 0xbe};
    char text[5] = "";
    dat_base64_encode(text, high, 3);
    CHECK(strcmp(text, "/+++") == 0, "high bytes: %s", text);
}

static void elements(void)
{
    struct gad_html html;
    FILE *file = begin(&html);
    gad_html_begin(&html, "p", "note");
    gad_html_attr(&html, "id", "%s", "a\"b'<&>");
    gad_html_text(&html, "%d < %d & \"%s\"", 3, 4, "it's");
    gad_html_leaf(&html, "em", NULL, "%s", "<b>");
    gad_html_begin(&html, "br", NULL);
    gad_html_end(&html);
    CHECK(finish(&html, file) == ENG_OK &&
              strcmp(page, "<p class=\"note\" id=\"a&quot;b&#39;&lt;&amp;&gt;\">3 &lt; 4 &amp; "
                           "&quot;it&#39;s&quot;<em>&lt;b&gt;</em><br/></p>\n") == 0,
          "text and attributes are escaped, and finishing ends what is open");
    CHECK(!markup_check(page), "the result is well-formed");

    file = begin(&html);
    gad_html_leaf(&html, "p", NULL, "%s", "a\x01z\x7f\xc3\xa9\xc3(\xff\xed\xa0\x80\n\t");
    finish(&html, file);
    CHECK(strcmp(page, "<p>a\ufffdz\ufffd\u00e9\ufffd(\ufffd\ufffd\ufffd\ufffd\n\t</p>\n") == 0,
          "control characters and bytes that are not UTF-8 become U+FFFD");

    char longer[3000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    longer[2000] = '<';
    file = begin(&html);
    gad_html_leaf(&html, "p", NULL, "%s", longer);
    CHECK(finish(&html, file) == ENG_OK && strlen(page) == 2999 + 3 + 8 && !markup_check(page),
          "a long text comes out whole");

    uint8_t bytes[10000];
    char text[DAT_BASE64_SIZE(sizeof bytes) + 1];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    dat_base64_encode(text, bytes, sizeof bytes);
    text[sizeof text - 1] = '\0';
    file = begin(&html);
    gad_html_begin(&html, "img", NULL);
    gad_html_data(&html, "src", "image/png", bytes, sizeof bytes);
    CHECK(finish(&html, file) == ENG_OK && strstr(page, text) && !markup_check(page) &&
              strncmp(page, "<img src=\"data:image/png;base64,", 32) == 0,
          "a file in an attribute, piece by piece, is the whole file");

    file = fopen("/dev/full", "w");
    if (file) {
        gad_html_init(&html, file);
        for (int i = 0; i < 10000; i++)
            gad_html_leaf(&html, "p", NULL, "a full disk");
        CHECK(gad_html_finish(&html) == ENG_IO, "a full disk is reported");
        fclose(file);
    } else {
        tap_skip("a full disk: there is no /dev/full here");
    }
}

static void the_checker(void)
{
    CHECK(markup_check("<p>a</b></p>") && markup_check("<p><b>a</p></b>") && markup_check("<p>") &&
              markup_check("<p a=b>x</p>") && markup_check("<p a=\"1\" a=\"2\">x</p>") &&
              markup_check("a & b") && markup_check("a > b") && markup_check("<>") &&
              markup_check("<p a=\"<\">x</p>") && !markup_check("<p a=\"1\"><br/>&amp;</p>"),
          "the checker of these tests knows good from bad");
}

static void shown(struct gad_shown got, const char *want)
{
    CHECK(strcmp(got.text, want) == 0, "%s is shown as %s", want, got.text);
}

static void numbers(void)
{
    shown(gad_show_number(0.021349, 3), "0.0213");
    shown(gad_show_number(-12.5, 3), "\u221212.5");
    shown(gad_show_number(NAN, 3), "\u2013");
    shown(gad_show_fixed(2.0, 2), "2.00");
    shown(gad_show_fixed(-0.001, 2), "0.00");
    shown(gad_show_fixed(-1e300, 2), "\u22121e+300");
    shown(gad_show_count(0), "0");
    shown(gad_show_count(512), "512");
    shown(gad_show_count(5120), "5,120");
    shown(gad_show_count(-1234567), "\u22121,234,567");
    shown(gad_show_count(INFINITY), "\u2013");
    shown(gad_show_count(1e200), "1e+200");
    shown(gad_show_percent(0.0), "0\u202f%");
    shown(gad_show_percent(1.0), "100\u202f%");
    shown(gad_show_percent(0.934), "93\u202f%");
    shown(gad_show_percent(0.9961), "99.6\u202f%");
    shown(gad_show_percent(0.99999), ">\u202f99.9\u202f%");
    shown(gad_show_percent(0.004), "0.4\u202f%");
    shown(gad_show_percent(0.0000001), "<\u202f0.1\u202f%");
    shown(gad_show_percent(-0.25), "\u221225\u202f%");
    shown(gad_show_percent(NAN), "\u2013");
    shown(gad_show_time(8.34), "8.3\u202fs");
    shown(gad_show_time(59.7), "1\u202fmin 0\u202fs");
    shown(gad_show_time(42.2), "42\u202fs");
    shown(gad_show_time(123.4), "2\u202fmin 3\u202fs");
    shown(gad_show_time(4812.0), "1\u202fh 20\u202fmin");
    shown(gad_show_time(-1.0), "\u2013");
}

static size_t count_of(const char *what)
{
    size_t count = 0;
    for (const char *at = page; (at = strstr(at, what)); at++)
        count++;
    return count;
}

static const char *draw(const struct gad_chart *chart)
{
    struct gad_html html;
    FILE *file = begin(&html);
    gad_chart_lines(&html, chart);
    return finish(&html, file) == ENG_OK && !markup_check(page) ? page : NULL;
}

/* Everything lies within the drawing, and nothing is "nan" or "inf". */
static bool is_inside(void)
{
    static const char *const keys[] = {" x1=\"", " x2=\"", " y1=\"", " y2=\"", " cx=\"", " cy=\""};
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
        for (const char *at = page; (at = strstr(at, keys[k])); at++) {
            const double value = strtod(at + strlen(keys[k]), NULL);
            if (!(value >= 0.0 && value <= 480.0))
                return false;
        }
    return count_of("\"nan") == 0 && count_of("\"inf") == 0 && count_of("\"-") == 0;
}

static void charts(void)
{
    static const double falling[5] = {8.0, 4.0, NAN, 1.0, 0.5}, rising[3] = {0.5, 0.7, 0.9};
    static const double nothing[2] = {NAN, INFINITY};
    const struct gad_series series[2] = {{"a <b>", falling, 5}, {"held out", rising, 3}};
    struct gad_chart chart = {"a & b", "epoch", "loss", GAD_AXIS_PLAIN, series, 2};

    CHECK(draw(&chart) && is_inside(), "a chart of two lines");
    CHECK(count_of("<circle") == 7 && count_of("<svg") == 1, "every finite point is marked");
    CHECK(count_of("<g class=\"s0\"><line") == 1 && strstr(page, "a &lt;b&gt;") &&
              strstr(page, "<title>a &amp; b</title>"),
          "names are escaped");
    chart.axis = GAD_AXIS_LOG;
    CHECK(draw(&chart) && is_inside() && count_of("<circle") == 7, "on a logarithmic axis");
    chart.axis = GAD_AXIS_PERCENT;
    CHECK(draw(&chart) && is_inside() && strstr(page, "\u202f%"), "in percent");

    const struct gad_series none[2] = {{"none", nothing, 2}, {"empty", NULL, 0}};
    chart.series = none;
    CHECK(draw(&chart) && page[0] == '\0', "no chart of nothing");

    static const double extreme[][2] = {{0.0, 0.0},   {5.0, 5.0},       {-3.0, -3.0},
                                        {1e-310, 0},  {1e299, -1e299},  {1e300, 1e-300},
                                        {1e-9, 1e9},  {-1e-9, 1.0},     {1.0, 1.0 + 1e-15},
                                        {1e308, 1.0}, {4e-320, 8e-320}, {0.1, 0.3}};
    for (size_t i = 0; i < sizeof extreme / sizeof extreme[0]; i++)
        for (int axis = GAD_AXIS_PLAIN; axis <= GAD_AXIS_LOG; axis++) {
            const struct gad_series one = {"one", extreme[i], 2};
            const struct gad_chart odd = {"t", "x", "y", (enum gad_axis)axis, &one, 1};
            if (!CHECK(draw(&odd) && is_inside(), "values %g and %g on axis %d", extreme[i][0],
                       extreme[i][1], axis))
                printf("# %s\n", page);
        }

    static double many[300];
    for (int i = 0; i < 300; i++)
        many[i] = i % 7;
    const struct gad_series lines[] = {{"many", many, 300}};
    const struct gad_chart crowd = {"t", "x", "y", GAD_AXIS_PLAIN, lines, 1};
    CHECK(draw(&crowd) && is_inside() && count_of("<circle") == 0,
          "many points are a line without dots");
    CHECK(count_of("text-anchor=\"middle\"") == 7 && strstr(page, ">300<"),
          "with the numbers 50, 100, ... 300 under it");

    struct gad_html html;
    const char *const names[2] = {"S & T", "U"};
    const double values[2][2] = {{0.25, 1.5}, {NAN, -1.0}};
    FILE *file = begin(&html);
    gad_chart_bars(&html, "bars", names, values, 2);
    CHECK(finish(&html, file) == ENG_OK && !markup_check(page) && count_of("class=\"b0\"") == 1 &&
              count_of("class=\"b1\"") == 2 && strstr(page, "S &amp; T") && strstr(page, ">1.50<"),
          "bars, one of them missing");
    CHECK(strstr(page, "width=\"74.0\"") && strstr(page, "width=\"296.0\"") &&
              strstr(page, "width=\"0.0\""),
          "bars are as long as their share, from none to all");
    file = begin(&html);
    gad_chart_bars(&html, "bars", names, values, 0);
    CHECK(finish(&html, file) == ENG_OK && page[0] == '\0', "no bars of nothing");
}

int main(void)
{
    base64();
    the_checker();
    elements();
    numbers();
    charts();
    return tap_done();
}
