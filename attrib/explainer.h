/* Attributions of a batch of images, for several outputs and methods at once.
 *
 * A forward pass costs as much as going back once, and each method, class and point on a path
 * wants only to go back. So an explainer goes forward once for each point, and back from there for
 * every class and every rule that any of the methods asks for:
 *
 *                                         class 0    class 1
 *     x --forward--> logits --standard-->   g          g       saliency and gradxinput share it
 *                           --deconv---->   g          g       deconv
 *                           --guided---->   g          g       guided
 *
 *     x' + a (x - x') --forward--> --standard--> g, g          ig, at each of its points, as many
 *                                                              at a time as the memory allows
 *
 *     struct attr_explainer *explainer;
 *     eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS);
 *     attr_explainer_new(&explainer, net, &exec, 224, 224, 0, &why);
 *     attr_explainer_run(explainer, &request, &result, &why);
 *     attr_explainer_free(explainer);
 */
#ifndef ATTR_EXPLAINER_H
#define ATTR_EXPLAINER_H

#include "attrib/request.h"
#include "engine/net.h"

#define ATTR_MEMORY_DEFAULT ((size_t)1 << 30) /* bytes */
#define ATTR_BATCH_MAX      16                /* of images of 224 x 224, four are as fast */

struct attr_explainer;

/* Plans for images of height x width. `memory` (0: ATTR_MEMORY_DEFAULT) bounds in bytes what the
 * explainer plans, by the number of images that it takes at once; a single image may exceed it, and
 * integrated gradients take a sum for each class besides. Results have the same bits for any. The
 * net, and exec, must outlive the explainer; several explainers may share them, each in its own
 * thread. ENG_SHAPE if the net cannot take such images, ENG_NOMEM. The caller frees it. */
enum eng_err attr_explainer_new(struct attr_explainer **out, const struct eng_net *net,
                                const struct eng_exec *exec, size_t height, size_t width,
                                size_t memory, struct eng_why *why);
void attr_explainer_free(struct attr_explainer *explainer); /* NULL allowed */

/* Gives the explainer another net, which must outlive it: nets that are explained one after the
 * other need memory for one. ENG_MISMATCH if it has other layers than the one before. */
enum eng_err attr_explainer_use(struct attr_explainer *explainer, const struct eng_net *net,
                                struct eng_why *why);

/* Images that it takes at once, and bytes that it holds. */
size_t attr_explainer_batch(const struct attr_explainer *explainer);
size_t attr_explainer_bytes(const struct attr_explainer *explainer);

/* Fills the result, methods and classes in the order of the request. Any of them may be none: no
 * classes or methods give logits. ENG_ARG for a class that the net does not have, no images, or
 * what attr_ig_check finds; ENG_STATE if the net is not prepared with gradients; ENG_NOMEM;
 * ENG_INTERRUPTED. On an error the result holds nothing of use. */
enum eng_err attr_explainer_run(struct attr_explainer *explainer,
                                const struct attr_request *request,
                                const struct attr_result *result, struct eng_why *why);

#endif
