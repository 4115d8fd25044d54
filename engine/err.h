/* Error codes of every layer, and the sentence that goes with one.
 *
 * Functions that can fail return enum eng_err and give results through out-pointers. Nothing in
 * the library prints or exits. Functions that read what a user brings also take a struct eng_why:
 * the caller's storage for one sentence, "what is wrong; what to do", that the program can print
 * behind the file's name. Every `why` may be NULL.
 */
#ifndef ENG_ERR_H
#define ENG_ERR_H

#define ENG_ERRORS(X)                                                                              \
    X(OK, "success")                                                                               \
    X(NOMEM, "out of memory")                                                                      \
    X(ARG, "bad argument")                                                                         \
    X(SHAPE, "shapes disagree")                                                                    \
    X(TOOBIG, "too large")                                                                         \
    X(FORMAT, "damaged file")                                                                      \
    X(UNSUPPORTED, "not supported")                                                                \
    X(IO, "cannot read or write")                                                                  \
    X(MISSING, "not found")                                                                        \
    X(MISMATCH, "does not belong together")                                                        \
    X(STATE, "called out of order")                                                                \
    X(INTERRUPTED, "interrupted")

enum eng_err {
#define ENG_ERR_CODE(code, text) ENG_##code,
    ENG_ERRORS(ENG_ERR_CODE)
#undef ENG_ERR_CODE
};

/* The text of a code; never NULL. */
const char *eng_err_text(enum eng_err err);

/* One sentence about a failure, NUL-terminated; "" when nothing was said. */
struct eng_why {
    char text[512];
};

/* Fills *why (NULL allowed) from a printf format and returns err. A longer text is cut. */
enum eng_err eng_fail(struct eng_why *why, enum eng_err err, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* Puts "prefix: " in front of why's text (NULL allowed, and an empty text becomes the code's). */
enum eng_err eng_fail_in(struct eng_why *why, enum eng_err err, const char *prefix);

/* Leaves the function with the error of `call`, if any. Only where nothing is owned yet. */
#define ENG_TRY(call)                                                                              \
    do {                                                                                           \
        enum eng_err eng_try_err = (call);                                                         \
        if (eng_try_err != ENG_OK)                                                                 \
            return eng_try_err;                                                                    \
    } while (0)

#endif
