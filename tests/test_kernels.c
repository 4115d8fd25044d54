/* The inner loops. Every matrix kernel that this machine runs against a double-precision reference
 * under a derived bound, and against its own definition bit by bit; the driver around it over
 * shapes that fill blocks badly; every element-wise loop, at every level, against the portable one
 * bit by bit, and all but three against their formula. (Those of max_grad, adam and sgd are held to
 * in tests/test_ops.c and tests/test_train.c.)
 *
 * All outputs are NaN before a kernel writes them, and so is everything that it must not read. */
#include "engine/gemm.h"
#include "engine/kernels/vec_list.h"
#include "engine/rng.h"
#include "tests/tap.h"

#include <stdint.h>

static struct eng_rng rng;

static void *memory(size_t count, size_t size)
{
    void *p = malloc(count * size + 1);
    if (!p)
        exit(1);
    return p;
}

static float *nans(size_t count)
{
    float *x = memory(count, sizeof *x);
    for (size_t i = 0; i < count; i++)
        x[i] = NAN;
    return x;
}

static float *noise(size_t count)
{
    float *x = memory(count, sizeof *x);
    for (size_t i = 0; i < count; i++)
        x[i] = eng_rng_normal(&rng);
    return x;
}

/* ---- matrix kernels -------------------------------------------------------------------------- */

/* A product of k terms and one addition to c0, each rounded once: |error| <= about (k + 1) 2^-24
 * times the sum of magnitudes; twice that leaves room for second-order terms. */
static double bound(size_t k, double magnitude)
{
    return 2.0 * (double)(k + 1) * 0x1p-24 * magnitude;
}

/* The same sum as the kernel's: a chain in ascending k, fused or not, c0 where `start` has it. */
static float chain(const float *a, const float *b, size_t k, int fused, enum eng_gemm_start start,
                   float c0)
{
    volatile float sum = start == ENG_GEMM_GO_ON ? c0 : 0;
    for (size_t p = 0; p < k; p++) {
        volatile float product = a[p] * b[p];
        sum = fused ? fmaf(a[p], b[p], sum) : sum + product;
    }
    return start == ENG_GEMM_ADD ? c0 + sum : sum;
}

enum order { ROWS_OF_A, COLUMNS_OF_A, FEW_ROWS };

struct tile_outcome {
    double worst; /* error / bound */
    int exact, outside;
};

/* One tile; a, b and c exactly as large as the kernel may touch. */
static void run_tile(const struct eng_gemm_kernel *kernel, enum order order, size_t k, size_t lda,
                     size_t ldc, enum eng_gemm_start start, struct tile_outcome *outcome)
{
    eng_gemm_ukr *const ukr[] = {kernel->rows, kernel->cols, kernel->few};
    const size_t mr = order == FEW_ROWS ? ENG_GEMM_FEW : kernel->mr, nr = kernel->nr;
    const size_t step_i = order == COLUMNS_OF_A ? 1 : lda, step_k = order == COLUMNS_OF_A ? lda : 1;
    float *a = nans(k ? (mr - 1) * step_i + (k - 1) * step_k + 1 : 0);
    float *b = noise(k * nr), *c = nans((mr - 1) * ldc + nr), *c0 = noise(mr * nr);
    float row[ENG_GEMM_KC], column[ENG_GEMM_KC];
    for (size_t i = 0; i < mr; i++) {
        for (size_t p = 0; p < k; p++)
            a[i * step_i + p * step_k] = eng_rng_normal(&rng);
        for (size_t j = 0; j < nr && start != ENG_GEMM_ANEW; j++)
            c[i * ldc + j] = c0[i * nr + j];
    }
    tap_poison_stack();
    ukr[order](k, a, lda, b, c, ldc, start);
    for (size_t i = 0; i < mr; i++) {
        for (size_t j = 0; j < nr; j++) {
            const float first = start == ENG_GEMM_ANEW ? 0.0f : c0[i * nr + j];
            double sum = first, magnitude = fabs((double)first);
            for (size_t p = 0; p < k; p++) {
                row[p] = a[i * step_i + p * step_k];
                column[p] = b[p * nr + j];
                sum += (double)row[p] * column[p];
                magnitude += fabs((double)row[p] * column[p]);
            }
            const double error = fabs(c[i * ldc + j] - sum);
            if (k > 0 || start != ENG_GEMM_ANEW)
                outcome->worst = tap_worse(outcome->worst, error / bound(k, magnitude));
            outcome->exact &= c[i * ldc + j] ==
                              chain(row, column, k, kernel->needs >= ENG_CPU_AVX2, start, first);
        }
        for (size_t j = nr; j < ldc && i + 1 < mr; j++)
            outcome->outside |= !isnan(c[i * ldc + j]);
    }
    free(a);
    free(b);
    free(c);
    free(c0);
}

static void test_tile(const struct eng_gemm_kernel *kernel, enum order order,
                      enum eng_gemm_start start)
{
    static const size_t ks[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 64, 100, 255, 256};
    static const char *const orders[] = {"rows", "columns", "few rows"};
    static const char *const starts[] = {"over NaN", "added to c", "going on from c"};
    struct tile_outcome outcome = {0, 1, 0};
    for (size_t i = 0; i < sizeof ks / sizeof *ks; i++) {
        const size_t least = order == COLUMNS_OF_A ? kernel->mr : ks[i] ? ks[i] : 1;
        const size_t usual = order == COLUMNS_OF_A ? ENG_GEMM_COL_LD : ENG_GEMM_ROW_LD;
        run_tile(kernel, order, ks[i], least, kernel->nr, start, &outcome);
        run_tile(kernel, order, ks[i], usual, kernel->nr + 3, start, &outcome);
        run_tile(kernel, order, ks[i], usual, ENG_GEMM_C_LD, start, &outcome);
    }
    char what[80];
    snprintf(what, sizeof what, "gemm %s, %s, %s", kernel->name, orders[order], starts[start]);
    CHECK(outcome.worst <= 1, "%s: %.2f of the bound", what, outcome.worst);
    CHECK(outcome.exact, "%s: one chain in ascending k", what);
    CHECK(!outcome.outside, "%s: nothing beyond the tile", what);
}

/* As many rows as there are, whatever the tiles: each has the bits of a tile of its own. */
static void test_rows(const struct eng_gemm_kernel *kernel)
{
    enum { K = 40, MOST_ROWS = 3 * ENG_GEMM_MR_MAX };
    const size_t nr = kernel->nr;
    float *a = noise((size_t)MOST_ROWS * K), *b = noise(K * nr);
    float *c = nans(MOST_ROWS * nr), *want = nans(MOST_ROWS * nr);
    for (size_t i = 0; i + kernel->mr <= MOST_ROWS; i++)
        kernel->rows(K, a + i * K, K, b, want + i * nr, nr, ENG_GEMM_ANEW);
    int same = 1;
    for (size_t rows = 1; rows <= 2 * ENG_GEMM_MR_MAX; rows++) {
        for (size_t i = 0; i < MOST_ROWS * nr; i++)
            c[i] = NAN;
        eng_gemm_rows(kernel, rows, K, a, K, b, c, nr, ENG_GEMM_ANEW);
        same &= memcmp(c, want, rows * nr * sizeof *c) == 0;
        for (size_t i = eng_round_up(rows, kernel->mr) * nr; i < MOST_ROWS * nr; i++)
            same &= isnan(c[i]) != 0;
    }
    CHECK(same, "gemm %s: any number of rows, within whole tiles", kernel->name);
    free(a);
    free(b);
    free(c);
    free(want);
}

static void test_tiles(void)
{
    const struct eng_gemm_kernel *kernel;
    for (size_t r = 0; (kernel = eng_gemm_kernel_at(r)); r++) {
        if (kernel->needs > eng_cpu_best()) {
            tap_skip("a matrix kernel beyond this processor");
            continue;
        }
        CHECK(ENG_GEMM_MC % kernel->mr == 0 && kernel->mr <= ENG_GEMM_MR_MAX &&
                  kernel->mr >= ENG_GEMM_FEW && kernel->nr <= ENG_GEMM_NR_MAX &&
                  ENG_GEMM_NC % kernel->nr == 0 && eng_gemm_kernel_for(kernel->needs) == kernel,
              "gemm %s fits the blocks, and is chosen for its level", kernel->name);
        for (int order = ROWS_OF_A; order <= FEW_ROWS; order++)
            for (int start = ENG_GEMM_ANEW; start <= ENG_GEMM_GO_ON; start++)
                test_tile(kernel, (enum order)order, (enum eng_gemm_start)start);
        test_rows(kernel);
    }
}

/* ---- the driver ------------------------------------------------------------------------------ */

struct product {
    size_t m, n, k;
    int a_is_transposed, b_packed, b_is_transposed, accumulate, whole_rows;
};

static float *scratch_for(const struct eng_exec *exec, const struct product *p, void **block)
{
    const size_t bytes = p->whole_rows ? eng_gemm_whole_scratch(exec, p->n)
                                       : eng_gemm_scratch(exec);
    *block = memory(bytes + 64, 1);
    float *scratch = (float *)((char *)*block + (64 - (uintptr_t)*block % 64));
    for (size_t i = 0; i < bytes / sizeof *scratch; i++)
        scratch[i] = NAN;
    return scratch;
}

/* Fills c (m x n) with the product of a and b as they lie in memory; 0 if a packed b has holes. */
static int drive(const struct eng_exec *exec, const struct product *p, const float *a,
                 const float *b, float *c)
{
    void *block;
    float *scratch = scratch_for(exec, p, &block);
    const size_t packed_count = p->b_packed ? eng_gemm_packed_count(exec, p->k, p->n) : 0;
    float *packed = p->b_packed ? nans(packed_count) : NULL;
    int whole = 1;
    const struct eng_matrix source_a = eng_matrix(a, p->a_is_transposed ? p->m : p->k);
    const struct eng_matrix source_b = p->b_is_transposed ? eng_matrix_transposed(b, p->k)
                                                          : eng_matrix(b, p->n);
    const struct eng_matrix_sink sink = eng_matrix_sink(c, p->n, p->accumulate);
    const struct eng_gemm g = {.m = p->m,
                               .n = p->n,
                               .k = p->k,
                               .a = &source_a.source,
                               .a_is_transposed = p->a_is_transposed,
                               .b_packed = packed,
                               .b = &source_b.source,
                               .c = &sink.sink,
                               .whole_rows = p->whole_rows};
    if (packed)
        eng_gemm_pack_b(exec, packed, &source_b.source, p->k, p->n);
    for (size_t i = 0; i < packed_count; i++)
        whole &= !isnan(packed[i]);
    tap_poison_stack();
    eng_gemm_run(exec, &g, scratch);
    free(packed);
    free(block);
    return whole;
}

/* Worst error over bound; also whether three threads give the same bits, and packing is whole. */
static double drive_error(const struct eng_exec *exec, const struct product *p, int *same)
{
    float *a = noise(p->m * p->k), *b = noise(p->k * p->n), *start = noise(p->m * p->n);
    float *c = nans(p->m * p->n), *again = nans(p->m * p->n);
    struct eng_exec threads = *exec;
    double worst = 0;
    threads.threads = 3;
    if (p->accumulate) {
        memcpy(c, start, p->m * p->n * sizeof *c);
        memcpy(again, start, p->m * p->n * sizeof *c);
    }
    const int whole = drive(exec, p, a, b, c) & drive(&threads, p, a, b, again);
    *same &= whole && memcmp(c, again, p->m * p->n * sizeof *c) == 0;
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            double sum = p->accumulate ? start[i * p->n + j] : 0, magnitude = fabs(sum);
            for (size_t q = 0; q < p->k; q++) {
                const double x = p->a_is_transposed ? a[q * p->m + i] : a[i * p->k + q];
                const double y = p->b_is_transposed ? b[j * p->k + q] : b[q * p->n + j];
                sum += x * y;
                magnitude += fabs(x * y);
            }
            worst = tap_worse(worst, fabs(c[i * p->n + j] - sum) / bound(p->k, magnitude));
        }
    free(a);
    free(b);
    free(start);
    free(c);
    free(again);
    return worst;
}

static void test_driver(const struct eng_exec *exec)
{
    static const size_t shapes[][3] = {{1, 1, 1},      {1, 33, 5},      {14, 32, 256},
                                       {15, 33, 257},  {169, 257, 300}, {200, 7, 40},
                                       {5, 300, 1030}, {3, 520, 600},   {6, 3, 4500},
                                       {2, 600, 2100}, {337, 1, 20},    {40, 50, 511}};
    for (int kind = 0; kind < 32; kind++) {
        double worst = 0;
        int same = 1;
        struct product p = {.a_is_transposed = kind & 1,
                            .b_packed = kind >> 1 & 1,
                            .b_is_transposed = kind >> 2 & 1,
                            .accumulate = kind >> 3 & 1,
                            .whole_rows = kind >> 4};
        if (p.whole_rows && !p.b_packed)
            continue;
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            p.m = shapes[i][0], p.n = shapes[i][1], p.k = shapes[i][2];
            if (!p.b_packed && !p.accumulate && p.k > ENG_GEMM_STRETCH)
                continue; /* the sink must add up stretches */
            worst = tap_worse(worst, drive_error(exec, &p, &same));
        }
        CHECK(worst <= 1 && same,
              "product%s, A %s, B %s and %s, %s: %.2f of the bound, any threads",
              p.whole_rows ? " by whole rows" : "", p.a_is_transposed ? "transposed" : "as it is",
              p.b_is_transposed ? "transposed" : "as it is", p.b_packed ? "packed" : "read",
              p.accumulate ? "added" : "stored", worst);
    }
}

/* Levels with fused multiply-adds share every block size, and so every bit. */
static void test_levels_agree(const struct eng_exec *exec)
{
    struct eng_exec avx2;
    if (exec->cpu <= ENG_CPU_AVX2 || eng_exec_init(&avx2, 1, "avx2", NULL) != ENG_OK) {
        tap_skip("only one level with fused multiply-adds here");
        return;
    }
    const struct product p = {.m = 77, .n = 270, .k = 700, .b_packed = 1};
    float *a = noise(p.m * p.k), *b = noise(p.k * p.n);
    float *c = nans(p.m * p.n), *other = nans(p.m * p.n);
    drive(exec, &p, a, b, c);
    drive(&avx2, &p, a, b, other);
    CHECK(!memcmp(c, other, p.m * p.n * sizeof *c), "%s and avx2 give the same bits",
          eng_cpu_name(exec->cpu));
    free(a);
    free(b);
    free(c);
    free(other);
}

/* ---- element-wise loops ---------------------------------------------------------------------- */

enum { ROWS = 7, MOST = 301, FLOATS = ROWS * (MOST + 5) };

/* The arrays a loop may be given, and what it writes. */
struct arena {
    float in[4][FLOATS], channel[3][MOST], out[2][FLOATS];
    int32_t tap[MOST];
};

static struct arena first, second;

/* Special numbers are sprinkled in: zeros of both signs, infinities, NaN. */
static float special(size_t i)
{
    static const float values[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1e-40f};
    return values[i % (sizeof values / sizeof *values)];
}

static void fill(struct arena *arena, int specials)
{
    float *x = (float *)arena;
    for (size_t i = 0; i < offsetof(struct arena, out) / sizeof *x; i++)
        x[i] = specials && eng_rng_below(&rng, 8) == 0 ? special(eng_rng_below(&rng, 6))
                                                       : eng_rng_normal(&rng);
    for (size_t i = 0; i < FLOATS; i++)
        arena->out[0][i] = arena->out[1][i] = NAN;
    for (size_t i = 0; i < MOST; i++)
        arena->tap[i] = -7;
}

/* Bitwise, but for the sign and payload of NaNs, which the standard leaves open. */
static int same_bits(const struct arena *a, const struct arena *b)
{
    const float *x = (const float *)a, *y = (const float *)b;
    for (size_t i = 0; i < offsetof(struct arena, tap) / sizeof *x; i++)
        if (memcmp(&x[i], &y[i], sizeof *x) != 0 && !(isnan(x[i]) && isnan(y[i])))
            return 0;
    return memcmp(a->tap, b->tap, sizeof a->tap) == 0;
}

enum { CASES = 32 };

/* Runs every loop in the variant `which` (< CASES) on n channels. */
static void run_loops(const struct eng_vec_kernel *vec, struct arena *s, size_t n, int which)
{
    const float *scale = which & 1 ? s->channel[0] : NULL,
                *shift = which & 2 ? s->channel[1] : NULL;
    const float *add = which & 4 ? s->in[1] : NULL;
    float *y = which & 8 ? s->in[1] : which & 16 ? s->in[0] : s->out[0];
    const size_t ld = y == s->out[0] ? n + 5 : n;
    vec->affine(y, ld, s->in[0], n, add, n, scale, shift, ROWS, n, which & 1);
    vec->accumulate(s->in[2], s->in[3], n);
    uint8_t *bits = (uint8_t *)(s->out[1] + 6 * MOST);
    vec->relu_bits(bits, s->in[2], n);
    vec->relu_grad(which & 1 ? s->in[3] : s->out[1], s->in[3], bits, n,
                   (enum eng_relu_rule)(which % 3), which & 1);
    vec->moments(s->in[2], 1 + (size_t)which % ROWS, n, s->out[1] + MOST, s->out[1] + 2 * MOST);
    vec->norm_grad_sums(s->in[0], s->in[2], s->channel[0], s->channel[1], ROWS, n,
                        s->out[1] + 3 * MOST, s->out[1] + 4 * MOST);
    vec->norm_grad(s->in[0], which & 1 ? s->in[0] : s->in[3], s->in[2], s->channel[0],
                   s->channel[1], s->channel[2], ROWS, n, which & 2);
    vec->column_sums(s->in[1], ROWS, n, s->out[1] + 5 * MOST);
    vec->max_update(s->channel[0], s->tap, s->in[2], n, which);
    uint8_t place[MOST];
    for (size_t i = 0; i < n; i++)
        place[i] = (uint8_t)(i % 5);
    vec->max_grad(s->in[3], s->in[1], place, n, which % 5);
    const struct eng_adam_step step = {1e-2f,  0.9f,     0.999f, 1e-8f, which & 1 ? 0.1f : 0.0f,
                                       0.271f, 0.002997f};
    for (size_t i = 0; i < n; i++) /* a second moment is not negative */
        s->in[3][i] = fabsf(s->in[3][i]);
    vec->adam(s->in[1], s->in[2], s->in[3], s->in[0], n, &step);
    vec->sgd(s->in[1] + n, s->in[2] + n, s->in[0], n, 0.1f, 0.9f, which & 1 ? 0.01f : 0.0f);
}

static void test_loops_agree(void)
{
    for (size_t i = 1; eng_vec_kernel_at(i); i++) {
        const struct eng_vec_kernel *vec = eng_vec_kernel_at(i);
        if (vec->needs > eng_cpu_best()) {
            tap_skip("element-wise loops beyond this processor");
            continue;
        }
        CHECK(eng_vec_kernel_for(vec->needs) == vec, "loops of %s are chosen for their level",
              vec->name);
        int differ = 0;
        size_t runs = 0;
        for (size_t n = 1; n <= MOST; n += n < 70 ? 1 : 33)
            for (int which = (int)(n % 3); which < CASES; which += 3, runs++) {
                fill(&first, which & 4);
                memcpy(&second, &first, sizeof first);
                run_loops(eng_vec_kernel_at(0), &first, n, which);
                tap_poison_stack();
                run_loops(vec, &second, n, which);
                differ += !same_bits(&first, &second);
            }
        CHECK(!differ, "loops of %s: %zu runs, the bits of %s", vec->name, runs,
              eng_vec_kernel_at(0)->name);
    }
}

/* Every level against the formula, in both directions of ldd; NaN outside. */
static void test_transposes(void)
{
    enum { SIDE = 21, LD = SIDE + 3 };
    const struct eng_vec_kernel *vec;
    for (size_t l = 0; (vec = eng_vec_kernel_at(l)) && vec->needs <= eng_cpu_best(); l++) {
        int right = 1;
        for (size_t rows = 1; rows <= SIDE; rows++)
            for (size_t cols = 1; cols <= SIDE; cols++)
                for (int back = 0; back < 2; back++) {
                    float *src = noise(rows * LD), *dst = nans(cols * LD);
                    float *end = dst + (cols - 1) * LD;
                    tap_poison_stack();
                    vec->transpose(back ? end : dst, back ? -LD : LD, src, LD, rows, cols);
                    for (size_t j = 0; j < cols; j++)
                        for (size_t i = 0; i < LD; i++) {
                            const float x = (back ? end - j * LD : dst + j * LD)[i];
                            right &= i < rows ? x == src[i * LD + j] : isnan(x) != 0;
                        }
                    free(src);
                    free(dst);
                }
        CHECK(right, "transpose, %s: every number in its place, and no other", vec->name);
    }
}

/* The formulas, on ROWS x C numbers. */
enum { C = 19, COUNT = ROWS * C };

static int near(double have, double want, double magnitude)
{
    return fabs(have - want) <= 16 * 0x1p-24 * magnitude;
}

static void test_affine(const struct eng_vec_kernel *vec)
{
    for (int which = 0; which < 16; which++) {
        const float *scale = which & 1 ? first.channel[0] : NULL;
        const float *shift = which & 2 ? first.channel[1] : NULL;
        const float *add = which & 4 ? first.in[1] : NULL;
        for (int in_place = 0; in_place < (add ? 3 : 2); in_place++) {
            int right = 1;
            fill(&first, 0);
            memcpy(&second, &first, sizeof first);
            float *y = in_place == 0 ? first.out[0] : first.in[in_place - 1];
            vec->affine(y, C, first.in[0], C, add, C, scale, shift, ROWS, C, which >> 3);
            for (size_t i = 0; i < COUNT; i++) {
                const double x = second.in[0][i] * (scale ? (double)scale[i % C] : 1.0);
                const double more = (shift ? (double)shift[i % C] : 0.0) +
                                    (add ? (double)second.in[1][i] : 0.0);
                const double want = which >> 3 && x + more < 0 ? 0 : x + more;
                right &= near(y[i], want, fabs(x) + fabs(more) + 4);
            }
            CHECK(right, "affine%s%s%s%s%s", scale ? ", scale" : "", shift ? ", shift" : "",
                  add ? ", add" : "", which >> 3 ? ", relu" : "",
                  in_place == 0   ? ""
                  : in_place == 1 ? ", over x"
                                  : ", over what is added");
        }
    }
    const float x[4] = {NAN, -INFINITY, -1, 3};
    float y[4];
    vec->affine(y, 4, x, 4, NULL, 0, NULL, NULL, 1, 4, 1);
    CHECK(isnan(y[0]) && y[1] == 0 && y[2] == 0 && y[3] == 3, "affine: relu keeps NaN");
}

static void test_relu_grad(const struct eng_vec_kernel *vec)
{
    static const float g[] = {1, -1, 1, -1, 1, -1, 2, NAN}, y[] = {2, 2, 0, 0, -3, -3, NAN, 1};
    static const float want[3][7] = {
        {1, -1, 0, 0, 0, 0, 0}, {1, 0, 1, 0, 1, 0, 2}, {1, 0, 0, 0, 0, 0, 0}};
    for (int rule = 0; rule < 3; rule++) {
        float dx[8];
        uint8_t bits = 0xaa;
        vec->relu_bits(&bits, y, 8);
        CHECK(bits == 0x83, "relu_bits: %02x, those of what is greater than 0", bits);
        vec->relu_grad(dx, g, &bits, 8, (enum eng_relu_rule)rule, 0);
        int right = rule == ENG_RELU_STANDARD ? isnan(dx[7]) : dx[7] == 0;
        for (int i = 0; i < 7; i++)
            right &= dx[i] == want[rule][i];
        CHECK(right, "relu_grad, rule %d", rule);
        float sum[8] = {0, 1, 2, 3, 4, 5, 6, 7};
        vec->relu_grad(sum, g, &bits, 8, (enum eng_relu_rule)rule, 1);
        for (int i = 0; i < 7; i++)
            right &= sum[i] == (float)i + want[rule][i];
        CHECK(right, "relu_grad, rule %d, added", rule);
    }
}

static void test_sums(const struct eng_vec_kernel *vec)
{
    int moments = 1, sums = 1, columns = 1;
    fill(&first, 0);
    for (size_t i = 0; i < COUNT; i++)
        first.in[0][i] += 100.0f; /* one pass would lose the variance */
    vec->moments(first.in[0], ROWS, C, first.out[0], first.out[0] + C);
    vec->norm_grad_sums(first.in[1], first.in[0], first.channel[0], first.channel[1], ROWS, C,
                        first.out[1], first.out[1] + C);
    vec->column_sums(first.in[1], ROWS, C, first.out[1] + 2 * C);
    for (size_t c = 0; c < C; c++) {
        double mean = 0, m2 = 0, sum = 0, sum_x = 0, all = 0, all_x = 0;
        for (size_t r = 0; r < ROWS; r++)
            mean += first.in[0][r * C + c] / (double)ROWS;
        for (size_t r = 0; r < ROWS; r++) {
            const double d = first.in[0][r * C + c] - mean, g = first.in[1][r * C + c];
            const double hat = ((double)first.in[0][r * C + c] - first.channel[0][c]) *
                               first.channel[1][c];
            m2 += d * d;
            sum += g, all += fabs(g);
            sum_x += g * hat, all_x += fabs(g * hat);
        }
        /* A rounded mean of 100 is off by 6e-6; times deviations, that is what m2 may lose. */
        moments &= near(first.out[0][c], mean, 100) && fabs(first.out[0][C + c] - m2) < 1e-4 * m2;
        sums &= near(first.out[1][c], sum, all) && near(first.out[1][C + c], sum_x, all_x);
        columns &= near(first.out[1][2 * C + c], sum, all);
    }
    CHECK(moments, "moments");
    CHECK(sums, "norm_grad_sums");
    CHECK(columns, "column_sums");
}

static void test_norm_grad(const struct eng_vec_kernel *vec)
{
    for (int add = 0; add < 2; add++) {
        int right = 1;
        fill(&first, 0);
        memcpy(&second, &first, sizeof first);
        vec->norm_grad(first.in[2], first.in[0], first.in[1], first.channel[0], first.channel[1],
                       first.channel[2], ROWS, C, add);
        for (size_t i = 0; i < COUNT; i++) {
            const double a = (double)second.channel[0][i % C] * second.in[0][i];
            const double b = (double)second.channel[1][i % C] * second.in[1][i];
            const double c = second.channel[2][i % C], d = add ? (double)second.in[2][i] : 0;
            right &= near(first.in[2][i], a + b + c + d, fabs(a) + fabs(b) + fabs(c) + fabs(d));
        }
        CHECK(right, "norm_grad%s", add ? ", added" : "");
    }
}

static void test_max_update(const struct eng_vec_kernel *vec)
{
    float best[] = {1, 1, 1, NAN, -INFINITY, -INFINITY, NAN};
    const float x[] = {0, 1, 2, 9, -INFINITY, NAN, NAN};
    const float want[] = {1, 1, 2, NAN, -INFINITY, NAN, NAN};
    const int32_t places[] = {4, 4, 5, 4, 4, 5, 5};
    int32_t tap[] = {4, 4, 4, 4, 4, 4, 4};
    int right = 1;
    vec->max_update(best, tap, x, 7, 5);
    for (int i = 0; i < 7; i++)
        right &= tap[i] == places[i] && (best[i] == want[i] || (isnan(best[i]) && isnan(want[i])));
    CHECK(right, "max_update: the first of equals, NaN above all");
}

static void test_accumulate(const struct eng_vec_kernel *vec)
{
    int right = 1;
    fill(&first, 0);
    memcpy(&second, &first, sizeof first);
    vec->accumulate(first.in[0], first.in[1], COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        const float sum = second.in[0][i] + second.in[1][i];
        right &= first.in[0][i] == sum;
    }
    CHECK(right && first.in[0][COUNT] == second.in[0][COUNT], "accumulate, and no further");
}

int main(void)
{
    struct eng_exec exec;
    struct eng_why why;
    if (eng_exec_init(&exec, 1, NULL, &why) != ENG_OK) {
        tap_skip(why.text);
        return tap_done();
    }
    eng_rng_init(&rng, 2, 0);
    test_tiles();
    test_driver(&exec);
    test_levels_agree(&exec);
    test_loops_agree();
    test_transposes();
    test_affine(exec.vec);
    test_relu_grad(exec.vec);
    test_sums(exec.vec);
    test_norm_grad(exec.vec);
    test_max_update(exec.vec);
    test_accumulate(exec.vec);
    return tap_done();
}
