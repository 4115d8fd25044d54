/* The tile unit of AMX in software, for processors without: tile instructions raise SIGILL there,
 * and the handler does what they would have done. So the very machine code that will run on tiles
 * is tested everywhere, some hundred times slower.
 *
 *     if (tile_unit_emulate()) ... code with tile instructions runs, in every thread ...
 *
 * By Intel's manual: LDTILECFG, TILERELEASE, TILEZERO, TILELOADD, TILESTORED and TDPBF16PS, without
 * prefixes and with base, index and scale in the form that these instructions always have. Anything
 * else that is illegal stays so. x86-64 Linux only; elsewhere 0 is returned. Include it behind a
 * _GNU_SOURCE of your own. */
#ifndef TILE_UNIT_H
#define TILE_UNIT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* names of registers: who includes this defines it first */
#endif

#if defined(__x86_64__) && defined(__linux__)
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

struct tile_unit {
    uint8_t tiles[8][16][64];
    uint8_t rows[8], configured;
    uint16_t row_bytes[8];
    unsigned long count; /* instructions done */
};

static _Thread_local struct tile_unit tile_unit;

/* An instruction in VEX's three-byte form. */
struct tile_code {
    unsigned prefix, opcode, mod, reg, rm, vvvv; /* prefix: 0 none, 1 66, 2 f3, 3 f2 */
    const uint8_t *operand;                      /* in memory: its address, and */
    ptrdiff_t stride;                            /* the index register times its scale */
    size_t length;
};

/* A general register by its number in instructions. */
static uint64_t tile_register(const ucontext_t *context, unsigned number)
{
    static const int order[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                REG_R12, REG_R13, REG_R14, REG_R15};
    return (uint64_t)context->uc_mcontext.gregs[order[number]];
}

static int tile_decode(struct tile_code *code, const ucontext_t *context)
{
    const uint8_t *at = (const uint8_t *)context->uc_mcontext.gregs[REG_RIP], *start = at;
    if (*at++ != 0xc4)
        return 0;
    const unsigned first = *at++, second = *at++;
    const unsigned x = first & 0x40 ? 0 : 8, b = first & 0x20 ? 0 : 8;
    if ((first & 0x1f) != 2 || second & 0x84) /* map 0f38, W 0, L 0 */
        return 0;
    code->prefix = second & 3;
    code->vvvv = ~(second >> 3) & 15;
    code->opcode = *at++;
    code->mod = *at >> 6;
    code->reg = *at >> 3 & 7;
    code->rm = *at++ & 7;
    if (code->mod != 3) {
        uint64_t address = 0;
        unsigned no_base = 0;
        if (code->rm == 4) {
            const unsigned scale = *at >> 6, index = (*at >> 3 & 7) | x, base = *at & 7;
            at++;
            if (index != 4)
                code->stride = (ptrdiff_t)(tile_register(context, index) << scale);
            no_base = base == 5 && code->mod == 0;
            if (!no_base)
                address = tile_register(context, base | b);
        } else if (code->rm != 5 || code->mod != 0) {
            address = tile_register(context, code->rm | b);
        } else { /* relative to the next instruction; the displacement ends this one */
            address = (uint64_t)(at + 4);
            no_base = 1;
        }
        if (code->mod == 1) {
            address += (uint64_t)(int64_t) * (const int8_t *)at++;
        } else if (code->mod == 2 || no_base) {
            int32_t displacement;
            memcpy(&displacement, at, sizeof displacement);
            address += (uint64_t)(int64_t)displacement;
            at += sizeof displacement;
        }
        code->operand = (const uint8_t *)address;
    }
    code->length = (size_t)(at - start);
    return 1;
}

static float tile_number(const uint8_t *bf16) /* numbers below 2^-126 are 0 */
{
    const uint32_t bits = (uint32_t)bf16[1] << 24 | (uint32_t)bf16[0] << 16;
    const uint32_t kept = bits & 0x7f800000u ? bits : bits & 0x80000000u;
    float x;
    memcpy(&x, &kept, sizeof x);
    return x;
}

static void tile_multiply(unsigned c, unsigned a, unsigned b)
{
    struct tile_unit *u = &tile_unit;
    for (unsigned m = 0; m < u->rows[c]; m++) {
        float even[16] = {0}, odd[16] = {0};
        for (unsigned k = 0; k < u->row_bytes[a] / 4u; k++)
            for (unsigned n = 0; n < u->row_bytes[c] / 4u; n++) {
                const uint8_t *pa = &u->tiles[a][m][4 * k], *pb = &u->tiles[b][k][4 * n];
                even[n] += tile_number(pa) * tile_number(pb);
                odd[n] += tile_number(pa + 2) * tile_number(pb + 2);
            }
        for (unsigned n = 0; n < u->row_bytes[c] / 4u; n++) {
            float sum;
            memcpy(&sum, &u->tiles[c][m][4 * n], sizeof sum);
            sum += even[n] + odd[n];
            memcpy(&u->tiles[c][m][4 * n], &sum, sizeof sum);
        }
    }
}

static int tile_configure(const uint8_t *bytes)
{
    struct tile_unit *u = &tile_unit;
    if (bytes[0] != 1 || bytes[1] != 0)
        return 0;
    memset(u->tiles, 0, sizeof u->tiles);
    for (unsigned i = 0; i < 8; i++) {
        memcpy(&u->row_bytes[i], bytes + 16 + 2 * i, 2);
        u->rows[i] = bytes[48 + i];
        if (u->rows[i] > 16 || u->row_bytes[i] > 64 || u->row_bytes[i] % 4)
            return 0;
    }
    u->configured = 1;
    return 1;
}

static int tile_do(const struct tile_code *code)
{
    struct tile_unit *u = &tile_unit;
    if (code->opcode == 0x49 && code->prefix == 0 && code->mod != 3 && code->reg == 0)
        return tile_configure(code->operand);
    if (!u->configured)
        return 0;
    if (code->opcode == 0x49 && code->prefix == 0 && code->mod == 3 && code->reg == 0) {
        u->configured = 0;
    } else if (code->opcode == 0x49 && code->prefix == 3 && code->mod == 3) {
        memset(u->tiles[code->reg], 0, sizeof u->tiles[0]);
    } else if (code->opcode == 0x4b && code->prefix == 3 && code->mod != 3) {
        memset(u->tiles[code->reg], 0, sizeof u->tiles[0]);
        for (unsigned i = 0; i < u->rows[code->reg]; i++)
            memcpy(u->tiles[code->reg][i], code->operand + (ptrdiff_t)i * code->stride,
                   u->row_bytes[code->reg]);
    } else if (code->opcode == 0x4b && code->prefix == 2 && code->mod != 3) {
        for (unsigned i = 0; i < u->rows[code->reg]; i++)
            memcpy((uint8_t *)code->operand + (ptrdiff_t)i * code->stride, u->tiles[code->reg][i],
                   u->row_bytes[code->reg]);
    } else if (code->opcode == 0x5c && code->prefix == 2 && code->mod == 3) {
        tile_multiply(code->reg, code->rm, code->vvvv);
    } else {
        return 0;
    }
    return 1;
}

static void tile_handler(int signal_number, siginfo_t *info, void *context)
{
    (void)info;
    ucontext_t *state = context;
    struct tile_code code = {0};
    if (tile_decode(&code, state) && tile_do(&code)) {
        state->uc_mcontext.gregs[REG_RIP] += (greg_t)code.length;
        tile_unit.count++;
    } else {
        signal(signal_number, SIG_DFL); /* and the instruction raises it again */
    }
}

static inline int tile_unit_emulate(void)
{
    struct sigaction action = {0};
    action.sa_sigaction = tile_handler;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    return sigaction(SIGILL, &action, NULL) == 0;
}
#else
static inline int tile_unit_emulate(void)
{
    return 0;
}
#endif

#endif
