/* What the self-test knows of a runtime: one model, opened once, run on one feed of tensors after another.
 *
 * Functions that can fail return NULL, or in words what went wrong; the words live until the next call. */
#ifndef EDGELM_RUNTIME_H
#define EDGELM_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#define MOST_TENSORS 8
#define MOST_DIMENSIONS 8

typedef enum { FLOAT32, INT32, INT64 } Dtype;

typedef struct {
    char name[64];
    Dtype dtype;
    int rank;
    int64_t shape[MOST_DIMENSIONS];
    void *data;
    size_t bytes;
} Tensor;

typedef struct {
    /* Load `library` and open `model` with so many threads; `version` is set to words for a report. */
    const char *(*open)(const char *library, const char *model, int threads, const char **version);
    /* Take the inputs of the runs to come, and the names and number of the outputs that are wanted.
     *
     * `signature` names one of the entry points of a .tflite file; formats without them do not look at it. The data
     * stays the caller's and must live as long as it is run. */
    const char *(*feed)(const char *signature, Tensor *inputs, int input_count, Tensor *outputs, int output_count);
    /* Run the model once on that feed. */
    const char *(*run)(void);
    /* Fill in dtype, shape and data of the outputs of the last run; the data is the runtime's, until the next one. */
    const char *(*read)(Tensor *outputs, int output_count);
} Runtime;

extern const Runtime onnx_runtime;
extern const Runtime litert_runtime;

/* One sentence from printf's arguments, in a buffer that the next call overwrites. */
const char *told(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Bytes of one element. */
size_t element_size(Dtype dtype);

#endif
