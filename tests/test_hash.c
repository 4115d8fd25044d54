/* SHA-256 against the examples of FIPS 180-4 and of NIST's test vectors. */
#include "data/hash.h"
#include "tests/tap.h"

static int equals(struct dat_hash *hash, const char *expected)
{
    uint8_t digest[DAT_HASH_SIZE];
    char text[DAT_HASH_HEX];
    dat_hash_final(hash, digest);
    dat_hash_hex(text, digest, sizeof digest);
    return strcmp(text, expected) == 0;
}

static void test_vectors(void)
{
    static const struct {
        const char *message, *digest;
    } vectors[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
         "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct dat_hash hash;
        dat_hash_init(&hash);
        dat_hash_update(&hash, vectors[i].message, strlen(vectors[i].message));
        CHECK(equals(&hash, vectors[i].digest), "%zu bytes", strlen(vectors[i].message));
    }
    static char million[1000000];
    memset(million, 'a', sizeof million);
    struct dat_hash hash;
    dat_hash_init(&hash);
    dat_hash_update(&hash, million, sizeof million);
    CHECK(equals(&hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
          "a million bytes");
}

/* Every length around the two block boundaries, whole and cut in two at every place. The digest of
 * all these digests is what Python's hashlib gives. */
static void test_pieces(void)
{
    uint8_t bytes[130];
    struct dat_hash all;
    size_t same = 0, cuts = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    dat_hash_init(&all);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        uint8_t whole[DAT_HASH_SIZE], pieces[DAT_HASH_SIZE];
        struct dat_hash hash;
        dat_hash_init(&hash);
        dat_hash_update(&hash, bytes, n);
        dat_hash_final(&hash, whole);
        dat_hash_update(&all, whole, sizeof whole);
        for (size_t cut = 0; cut <= n; cut++, cuts++) {
            dat_hash_init(&hash);
            dat_hash_update(&hash, bytes, cut);
            dat_hash_update(&hash, NULL, 0);
            dat_hash_update(&hash, bytes + cut, n - cut);
            dat_hash_final(&hash, pieces);
            same += memcmp(whole, pieces, sizeof whole) == 0;
        }
    }
    CHECK(same == cuts, "%zu of %zu messages in two pieces have the digest of the whole", same,
          cuts);
    CHECK(equals(&all, "cec4c6d09a19510a15db5bcadc0491d8921c4ac138b9237e9b623d4c0998fb45"),
          "all lengths from 0 to %zu", sizeof bytes);
}

static void test_hex(void)
{
    static const uint8_t bytes[] = {0x00, 0x9f, 0xab, 0xf0};
    char text[9];
    dat_hash_hex(text, bytes, 4);
    CHECK(strcmp(text, "009fabf0") == 0, "hexadecimal");
    dat_hash_hex(text, bytes, 2);
    CHECK(strcmp(text, "009f") == 0, "and a shorter one");
}

int main(void)
{
    test_vectors();
    test_pieces();
    test_hex();
    return tap_done();
}
