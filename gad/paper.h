/* The published numbers of Tables 1 and 2, to set beside one's own.
 *
 * From C. Mazini Rodrigues, N. Boutry, L. Najman, "Transforming gradient-based techniques into
 * interpretable methods": 512 images per cell, 256 of each class.
 *
 * Both tables have, for each dataset and net, four rows: 0 and 1 for class 1, 2 and 3 for class 2;
 * the even ones without GAD (the original's wins, the supplement's RS), the odd ones with it.
 */
#ifndef GAD_PAPER_H
#define GAD_PAPER_H

#include <stddef.h>

#define GAD_PAPER_IMAGES  512
#define GAD_PAPER_ROWS    4
#define GAD_PAPER_METHODS 5

/* "saliency", "deconv", "gradxinput", "guided", "ig": the columns, in the paper's order. */
extern const char *const gad_paper_methods[GAD_PAPER_METHODS];

/* "Orig.1", "GAD 1", "Orig.2", "GAD 2" and "Sup.1", "GAD 1", "Sup.2", "GAD 2". */
extern const char *const gad_paper_rows1[GAD_PAPER_ROWS];
extern const char *const gad_paper_rows2[GAD_PAPER_ROWS];

/* The head of a column as the paper has it ("S", "D", "GxI", "GB", "IG"); another method's is its
 * own name. */
const char *gad_paper_heading(const char *method);

/* Table 1: images that this row won. dataset is "cats-dogs" or "birds", net "VGG16" or "ResNet18",
 * in upper or lower case. What the paper does not have (also NULL) is -1. */
int gad_paper_table1(const char *dataset, const char *net, size_t row, const char *method);

/* Table 2: the mean RS times 100, or -1. */
double gad_paper_table2(const char *dataset, const char *net, size_t row, const char *method);

#endif
