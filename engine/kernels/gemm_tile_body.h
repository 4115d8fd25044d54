/* The text of one matrix tile: the function TILE, of ROWS rows. gemm_body.h includes it for each
 * height: compilers unroll loops of constant length, and not those of an argument that is one.
 *
 * The loops over the tile must be unrolled, or GCC -O2 keeps it in memory.
 */
static inline __attribute__((always_inline)) void TILE(size_t k, const float *a, size_t step_i,
                                                       size_t step_k, const float *b, float *c,
                                                       size_t ldc, enum eng_gemm_start start)
{
    vector s[ROWS][2];
#pragma GCC unroll 14
    for (size_t i = 0; i < ROWS; i++)
        s[i][0] = s[i][1] = SPREAD(0.0f);
    if (start == ENG_GEMM_GO_ON)
#pragma GCC unroll 14
        for (size_t i = 0; i < ROWS; i++) {
            s[i][0] = LOAD(c + i * ldc);
            s[i][1] = LOAD(c + i * ldc + LANES);
        }
    /* Five rows a pointer: each row as an address of its own would not fit the registers. */
    const float *at[] = {a, ROWS > A_POINTER ? a + A_POINTER * step_i : a,
                         ROWS > 2 * A_POINTER ? a + 2 * A_POINTER * step_i : a};
    for (size_t p = 0; p < k; p++, b += NR) {
        const vector b0 = LOAD(b), b1 = LOAD(b + LANES);
#pragma GCC unroll 14
        for (size_t i = 0; i < ROWS; i++) {
            const vector ai = SPREAD(at[i / A_POINTER][i % A_POINTER * step_i]);
            s[i][0] = FMA(ai, b0, s[i][0]);
            s[i][1] = FMA(ai, b1, s[i][1]);
        }
        at[0] += step_k, at[1] += step_k, at[2] += step_k;
    }
#pragma GCC unroll 14
    for (size_t i = 0; i < ROWS; i++, c += ldc) {
        if (start == ENG_GEMM_ADD) {
            s[i][0] = ADD(LOAD(c), s[i][0]);
            s[i][1] = ADD(LOAD(c + LANES), s[i][1]);
        }
        STORE(c, s[i][0]);
        STORE(c + LANES, s[i][1]);
    }
}
#undef TILE
#undef ROWS
