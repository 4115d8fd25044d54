/* A network: a list of nodes, each an operator on earlier nodes, and the parameters they use.
 *
 * A net knows no input size: that comes with a tape (engine/tape.h), and the same net serves tapes
 * of different sizes. Parameters are in PyTorch's order (O,I,H,W) under PyTorch's names, so that
 * files can be read straight into them. Forward and backward never write to a net.
 *
 *     struct eng_net *net;
 *     eng_net_new(&net, 3);
 *     int x = eng_net_input(net);
 *     x = eng_net_conv2d(net, x, "conv1", &(struct eng_conv){.out = 8, .kernel = {3, 3},
 *                                                            .stride = {1, 1}, .pad = {1, 1}});
 *     x = eng_net_relu(net, x);
 *     ...
 *     if (eng_net_finish(net, &why) != ENG_OK) ...
 */
#ifndef ENG_NET_H
#define ENG_NET_H

#include "engine/err.h"
#include "engine/exec.h"
#include "engine/rng.h"
#include "engine/tensor.h"

#include <stdint.h>

struct eng_net;

/* An empty net whose input has `channels` channels, at least 1 (ENG_ARG). ENG_NOMEM. The caller
 * frees it. */
enum eng_err eng_net_new(struct eng_net **out, size_t channels);
void eng_net_free(struct eng_net *net); /* NULL allowed */

/* Builders. Each adds one node and returns its number, to be given as x to later ones. A failure
 * (no memory, a bad argument) is kept and reported by eng_net_finish; until then builders go on
 * returning numbers. Names are the module names of PyTorch ("layer1.0.conv1"). The last node is
 * the output.
 *
 * ENG_ARG: a node that does not exist, an argument beyond the limits below, or a name that with its
 * parameter's (".running_mean") has more than 79 bytes; ENG_SHAPE: a parameter of no elements, or
 * of more than 2^31; ENG_NOMEM. */
struct eng_conv {
    size_t out;                  /* output channels, at least 1 */
    size_t kernel[2], stride[2]; /* height, width: 1 to 1024 */
    size_t pad[2];               /* less than the kernel */
    int bias;
};
int eng_net_input(const struct eng_net *net);
int eng_net_conv2d(struct eng_net *net, int x, const char *name, const struct eng_conv *conv);
int eng_net_linear(struct eng_net *net, int x, const char *name, size_t in, size_t out);
int eng_net_batch_norm(struct eng_net *net, int x, const char *name); /* eps 1e-5 */
int eng_net_relu(struct eng_net *net, int x);
int eng_net_dropout(struct eng_net *net, int x, float p); /* p 0 to 1 */
int eng_net_add(struct eng_net *net, int a, int b);
int eng_net_flatten(struct eng_net *net, int x); /* to features in C,H,W order */
/* kernel 1 to 15, stride at least 1, pad at most half the kernel */
int eng_net_max_pool(struct eng_net *net, int x, size_t kernel, size_t stride, size_t pad);
/* Adaptive: to out_h x out_w positions, at least one each way. */
int eng_net_avg_pool(struct eng_net *net, int x, size_t out_h, size_t out_w);

/* Reports the first failure; ENG_ARG also if the output is a flattened map, whose size depends on
 * the input's. */
enum eng_err eng_net_finish(struct eng_net *net, struct eng_why *why);

/* Nodes, for those who print or count: how many, and the name of one's operator. */
int eng_net_node_count(const struct eng_net *net);
const char *eng_net_node_op(const struct eng_net *net, int node);
size_t eng_net_outputs(const struct eng_net *net); /* channels of the output: the classes */
size_t eng_net_channels(const struct eng_net *net);

/* 1 if both have the same operators of the same sizes, whatever the weights. */
int eng_net_alike(const struct eng_net *a, const struct eng_net *b);

/* Multiply-adds, times two, of one forward pass over an h x w image; 0 if the net cannot take it.
 */
double eng_net_flops(const struct eng_net *net, size_t h, size_t w);

/* Parameters, in the order of the nodes that use them, with PyTorch's names and shapes. */
enum eng_param_kind {
    ENG_PARAM_WEIGHT,
    ENG_PARAM_BIAS,
    ENG_PARAM_RUNNING_MEAN, /* of batch norm: no gradient */
    ENG_PARAM_RUNNING_VAR
};
struct eng_param {
    char name[80];
    struct eng_shape shape;
    enum eng_param_kind kind;
    float *value; /* after writing to it call eng_net_changed */
    int borrowed; /* value is not the net's own memory */
};
size_t eng_net_param_count(const struct eng_net *net);
struct eng_param *eng_net_param(struct eng_net *net, size_t i);
const struct eng_param *eng_net_param_const(const struct eng_net *net, size_t i);
struct eng_param *eng_net_param_find(struct eng_net *net, const char *name); /* NULL: none */
int eng_param_trains(const struct eng_param *param); /* weights and biases do */

/* Lets parameter i have its values where they lie already, instead of memory of the net's own: in a
 * file that is mapped, say. `value` must be writable, hold as many numbers, and outlive the net. */
void eng_net_borrow(struct eng_net *net, size_t i, float *value);

/* Batches that batch norm has seen in training (PyTorch's num_batches_tracked). */
uint64_t eng_net_batches_tracked(const struct eng_net *net);
void eng_net_set_batches_tracked(struct eng_net *net, uint64_t count);

/* Says that parameters were written: packed copies of them are out of date. */
void eng_net_changed(struct eng_net *net);

/* What weights are made ready for. Weights that change with every step are not worth a store of
 * packed copies: a tape that wants parameter gradients packs most of them as it goes, and so
 * training takes less memory. */
enum eng_use {
    ENG_FOR_OUTPUT,    /* forward passes alone */
    ENG_FOR_GRADIENTS, /* forward passes and any gradients */
    ENG_FOR_TRAINING   /* tapes that want parameter gradients, and no others */
};

/* Packs the weights for exec's kernels, once per version of the weights. Needed before the first
 * pass after a change. ENG_NOMEM. */
enum eng_err eng_net_prepare(struct eng_net *net, const struct eng_exec *exec, enum eng_use use);

#endif
