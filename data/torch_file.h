/* An open file of PyTorch's, for the files torch*.c.
 *
 * From the bytes to the tensors in three steps:
 *
 *     torch_zip.c, torch_legacy.c   the pickle is read, and the storages are listed
 *     torch_walk.c                  the pickle is walked: tensor "fc.weight" = F32 [2, 512] from
 *                                   element 0 of storage "7"
 *     torch.c                       each tensor is looked at: it lies in its storage; plain: point
 *                                   there, else: copy
 */
#ifndef DAT_TORCH_FILE_H
#define DAT_TORCH_FILE_H

#include "data/pickle.h"
#include "data/torch.h"
#include "data/view.h"

struct dat_torch_storage {
    const char *key;                     /* in the pickle or the archive */
    const struct dat_zip_member *member; /* NULL in legacy files */
    size_t element;                      /* bytes of its type's; 0: nobody has said yet */
    const uint8_t *bytes;                /* NULL: not looked at yet */
    size_t size;
    uint8_t *owned; /* where bytes are, if they were deflated */
};

struct dat_torch_record {
    struct dat_safetensors_entry entry;
    char *name;  /* owned; entry.name is its end */
    void *owned; /* what was copied out, or NULL */
    struct dat_torch_storage *storage;
    size_t size;          /* what the storage has by the pickle, in bytes */
    size_t begin, end;    /* the part of it that may be seen */
    struct dat_view view; /* at first without its bytes */
};

struct dat_torch {
    struct dat_zip *zip; /* NULL: legacy */
    struct dat_pickle *object, *keys;
    struct dat_torch_storage *storages; /* in the order of the file */
    struct dat_torch_storage **sorted;  /* by key */
    size_t storage_count;
    struct dat_torch_record *records;
    size_t count, capacity;
    size_t state_count; /* of the records, those in the state_dict */
    size_t copies;      /* bytes that may still be copied out */
    struct dat_budget budget;
    int swapped; /* contents are big-endian */
};

/* ENG_NOMEM and ENG_FORMAT with their sentences; the latter says what the tensor does wrong. */
enum eng_err dat_torch_out_of_memory(struct eng_why *why);
enum eng_err dat_torch_damaged(struct eng_why *why, const char *name, const char *what);

/* Either reads the pickle of the bytes, lists the storages, and the tensors in them (torch_walk).
 * In an archive contents are found later, as they are needed. */
enum eng_err dat_torch_open_zip(struct dat_torch *t, const uint8_t *bytes, size_t count,
                                struct eng_why *why);
enum eng_err dat_torch_open_legacy(struct dat_torch *t, const uint8_t *bytes, size_t count,
                                   struct eng_why *why);

/* The table of storages: room for the most there may be, which are added and then sorted by their
 * keys (borrowed), so that each is found. ENG_TOOBIG for keys that are no longer PyTorch's. */
enum eng_err dat_torch_storages_reserve(struct dat_torch *t, size_t most, struct eng_why *why);
void dat_torch_storages_add(struct dat_torch *t, const char *key,
                            const struct dat_zip_member *member);
void dat_torch_storages_sort(struct dat_torch *t);
struct dat_torch_storage *dat_torch_storages_find(const struct dat_torch *t, const char *key);
enum eng_err dat_torch_storage_check_key(const char *key, struct eng_why *why);

/* Lists the tensors of t->object, in the order that torch.h tells, without their contents. */
enum eng_err dat_torch_walk(struct dat_torch *t, struct eng_why *why);

#endif
