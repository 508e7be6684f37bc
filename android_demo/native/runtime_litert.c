/* LiteRT by its C API (CompiledModel): the CPU accelerator, which is XNNPACK, with a buffer in host memory for each
 * tensor. The declarations are those of LiteRT 2.2 and 2.3, whose wheels bring the library without its headers. */
#include "runtime.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct LiteRtCompiledModelT *LiteRtCompiledModel;
typedef struct LiteRtEnvironmentT *LiteRtEnvironment;
typedef struct LiteRtModelT *LiteRtModel;
typedef struct LiteRtOpaqueOptionsT *LiteRtOpaqueOptions;
typedef struct LiteRtOptionsT *LiteRtOptions;
typedef struct LiteRtSignatureT *LiteRtSignature;
typedef struct LiteRtTensorBufferT *LiteRtTensorBuffer;
typedef int LiteRtStatus;

typedef struct {
    unsigned int rank : 7;
    bool has_strides : 1;
    int32_t dimensions[8];
    uint32_t strides[8];
} LiteRtLayout;

typedef struct {
    int element_type;
    LiteRtLayout layout;
} LiteRtRankedTensorType;

_Static_assert(sizeof(LiteRtRankedTensorType) == 72, "LiteRT's own headers say so of their ABI");

enum { CPU_ACCELERATOR = 1, LOCK_READ = 0, LOCK_WRITE = 1, HOST_MEMORY = 1, MOST_SIGNATURES = 64 };

static const int ELEMENT_TYPES[] = {[FLOAT32] = 1, [INT32] = 2, [INT64] = 4};

/* Every function that is used: its type and its name. */
#define FUNCTIONS(_)                                                                                                   \
    _(LiteRtStatus, CreateEnvironment, (int, const void *, LiteRtEnvironment *))                                       \
    _(LiteRtStatus, CreateModelFromFile, (LiteRtEnvironment, const char *, LiteRtModel *))                             \
    _(LiteRtStatus, CreateOptions, (LiteRtOptions *))                                                                  \
    _(LiteRtStatus, SetOptionsHardwareAccelerators, (LiteRtOptions, int))                                              \
    _(LiteRtStatus, CreateOpaqueOptions, (const char *, void *, void (*)(void *), LiteRtOpaqueOptions *))              \
    _(LiteRtStatus, AddOpaqueOptions, (LiteRtOptions, LiteRtOpaqueOptions))                                            \
    _(LiteRtStatus, CreateCompiledModel, (LiteRtEnvironment, LiteRtModel, LiteRtOptions, LiteRtCompiledModel *))       \
    _(LiteRtStatus, GetNumModelSignatures, (LiteRtModel, size_t *))                                                    \
    _(LiteRtStatus, GetModelSignature, (LiteRtModel, size_t, LiteRtSignature *))                                       \
    _(LiteRtStatus, GetSignatureKey, (LiteRtSignature, const char **))                                                 \
    _(LiteRtStatus, GetNumSignatureInputs, (LiteRtSignature, size_t *))                                                \
    _(LiteRtStatus, GetSignatureInputName, (LiteRtSignature, size_t, const char **))                                   \
    _(LiteRtStatus, GetNumSignatureOutputs, (LiteRtSignature, size_t *))                                               \
    _(LiteRtStatus, GetSignatureOutputName, (LiteRtSignature, size_t, const char **))                                  \
    _(LiteRtStatus, CompiledModelResizeInputTensor, (LiteRtCompiledModel, size_t, size_t, const int *, size_t))        \
    _(LiteRtStatus, GetCompiledModelOutputTensorLayouts, (LiteRtCompiledModel, size_t, size_t, LiteRtLayout *, bool))  \
    _(LiteRtStatus, CreateManagedTensorBuffer,                                                                         \
      (LiteRtEnvironment, int, const LiteRtRankedTensorType *, size_t, LiteRtTensorBuffer *))                          \
    _(void, DestroyTensorBuffer, (LiteRtTensorBuffer))                                                                 \
    _(LiteRtStatus, LockTensorBuffer, (LiteRtTensorBuffer, void **, int))                                              \
    _(LiteRtStatus, UnlockTensorBuffer, (LiteRtTensorBuffer))                                                          \
    _(LiteRtStatus, RunCompiledModel,                                                                                  \
      (LiteRtCompiledModel, size_t, size_t, LiteRtTensorBuffer *, size_t, LiteRtTensorBuffer *))

#define DECLARE(type, name, arguments) static type(*name) arguments;
FUNCTIONS(DECLARE)

static LiteRtEnvironment environment;
static LiteRtModel model;
static LiteRtCompiledModel compiled;
static size_t chosen; /* the signature's place */
static LiteRtTensorBuffer input_buffers[MOST_TENSORS], output_buffers[MOST_TENSORS];
static LiteRtLayout layouts[MOST_TENSORS];
static size_t input_total, output_total;
static size_t output_places[MOST_TENSORS]; /* of each wanted output among the signature's */

static const char *said(const char *doing, LiteRtStatus status) {
    return status == 0 ? NULL : told("%s failed with LiteRtStatus %d", doing, status);
}

static const char *load(const char *library) {
    void *loaded = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
    if (loaded == NULL)
        return told("%s", dlerror());
#define FIND(type, name, arguments)                                                                                    \
    if ((*(void **)&name = dlsym(loaded, "LiteRt" #name)) == NULL)                                                     \
        return told("%s", dlerror());
    FUNCTIONS(FIND)
    return NULL;
}

static const char *open_model(const char *library, const char *path, int threads, const char **version) {
    LiteRtOptions options;
    LiteRtOpaqueOptions cpu;
    const char *error = load(library);
    char *wanted_threads = malloc(32); /* LiteRT frees it */
    *version = "LiteRT";
    if (error != NULL || wanted_threads == NULL)
        return error != NULL ? error : "no memory";
    snprintf(wanted_threads, 32, "num_threads = %d\n", threads);
    if ((error = said("making an environment", CreateEnvironment(0, NULL, &environment))) != NULL ||
        (error = said("reading the model", CreateModelFromFile(environment, path, &model))) != NULL ||
        (error = said("making options", CreateOptions(&options))) != NULL ||
        (error = said("choosing the CPU", SetOptionsHardwareAccelerators(options, CPU_ACCELERATOR))) != NULL ||
        (error = said("setting threads", CreateOpaqueOptions("xnnpack", wanted_threads, free, &cpu))) != NULL ||
        (error = said("setting threads", AddOpaqueOptions(options, cpu))) != NULL)
        return error;
    return said("opening the model", CreateCompiledModel(environment, model, options, &compiled));
}

/* The signature of that name, and its place. */
static const char *choose(const char *name, LiteRtSignature *found) {
    size_t count = 0;
    const char *error = said("counting signatures", GetNumModelSignatures(model, &count));
    for (chosen = 0; error == NULL && chosen < count; chosen++) {
        const char *key;
        if ((error = said("reading a signature", GetModelSignature(model, chosen, found))) == NULL &&
            (error = said("reading its name", GetSignatureKey(*found, &key))) == NULL && strcmp(key, name) == 0)
            return NULL;
    }
    return error != NULL ? error : told("the model has no signature %s", name);
}

static void release(LiteRtTensorBuffer *buffers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (buffers[i] != NULL)
            DestroyTensorBuffer(buffers[i]);
        buffers[i] = NULL;
    }
}

static const char *make_buffer(Dtype dtype, const LiteRtLayout *layout, LiteRtTensorBuffer *buffer, size_t *bytes) {
    LiteRtRankedTensorType type = {ELEMENT_TYPES[dtype], *layout};
    type.layout.has_strides = false;
    *bytes = element_size(dtype);
    for (unsigned int axis = 0; axis < layout->rank; axis++)
        *bytes *= (size_t)layout->dimensions[axis];
    return said("making a buffer", CreateManagedTensorBuffer(environment, HOST_MEMORY, &type, *bytes, buffer));
}

static const char *fill(LiteRtTensorBuffer buffer, const Tensor *tensor) {
    void *memory;
    const char *error = said("filling a buffer", LockTensorBuffer(buffer, &memory, LOCK_WRITE));
    if (error != NULL)
        return error;
    memcpy(memory, tensor->data, tensor->bytes);
    return said("filling a buffer", UnlockTensorBuffer(buffer));
}

/* The signature's input at a place: resized to the tensor of its name, with a buffer of its values. */
static const char *feed_input(LiteRtSignature signature, size_t place, const Tensor *inputs, int input_count) {
    const char *name, *error = said("reading an input's name", GetSignatureInputName(signature, place, &name));
    if (error != NULL)
        return error;
    int i = 0;
    while (i < input_count && strcmp(inputs[i].name, name) != 0)
        i++;
    if (i == input_count)
        return told("nothing is fed to the model's input %s", name);
    LiteRtLayout layout = {0};
    int sizes[MOST_DIMENSIONS];
    layout.rank = (unsigned int)inputs[i].rank;
    for (int axis = 0; axis < inputs[i].rank; axis++)
        layout.dimensions[axis] = sizes[axis] = (int)inputs[i].shape[axis];
    size_t bytes, rank = (size_t)inputs[i].rank;
    if ((error = said("resizing", CompiledModelResizeInputTensor(compiled, chosen, place, sizes, rank))) != NULL ||
        (error = make_buffer(inputs[i].dtype, &layout, &input_buffers[place], &bytes)) != NULL)
        return error;
    return fill(input_buffers[place], &inputs[i]);
}

static const char *find_outputs(LiteRtSignature signature, const Tensor *outputs, int output_count) {
    for (int i = 0; i < output_count; i++) {
        for (output_places[i] = 0; output_places[i] < output_total; output_places[i]++) {
            const char *name, *error;
            error = said("reading an output's name", GetSignatureOutputName(signature, output_places[i], &name));
            if (error != NULL)
                return error;
            if (strcmp(name, outputs[i].name) == 0)
                break;
        }
        if (output_places[i] == output_total)
            return told("the model has no output %s", outputs[i].name);
    }
    return NULL;
}

static const char *feed(const char *name, Tensor *inputs, int input_count, Tensor *outputs, int output_count) {
    LiteRtSignature signature;
    const char *error;
    release(input_buffers, input_total);
    release(output_buffers, output_total);
    if ((error = choose(name, &signature)) != NULL ||
        (error = said("counting inputs", GetNumSignatureInputs(signature, &input_total))) != NULL ||
        (error = said("counting outputs", GetNumSignatureOutputs(signature, &output_total))) != NULL)
        return error;
    if (input_total > MOST_TENSORS || output_total > MOST_TENSORS)
        return "the model has too many inputs or outputs";
    for (size_t place = 0; place < input_total; place++)
        if ((error = feed_input(signature, place, inputs, input_count)) != NULL)
            return error;
    if ((error = find_outputs(signature, outputs, output_count)) != NULL ||
        (error = said("sizing outputs",
                      GetCompiledModelOutputTensorLayouts(compiled, chosen, output_total, layouts, true))) != NULL)
        return error;
    for (size_t place = 0; place < output_total; place++) {
        size_t bytes;
        if ((error = make_buffer(FLOAT32, &layouts[place], &output_buffers[place], &bytes)) != NULL)
            return error;
    }
    return NULL;
}

static const char *run(void) {
    return said("running", RunCompiledModel(compiled, chosen, input_total, input_buffers, output_total, output_buffers));
}

static const char *read_outputs(Tensor *outputs, int output_count) {
    for (int i = 0; i < output_count; i++) {
        size_t place = output_places[i];
        const char *error = said("reading", LockTensorBuffer(output_buffers[place], &outputs[i].data, LOCK_READ));
        /* The buffer is host memory of this process: it stays where it is when it is unlocked. */
        if (error != NULL || (error = said("reading", UnlockTensorBuffer(output_buffers[place]))) != NULL)
            return error;
        outputs[i].dtype = FLOAT32;
        outputs[i].rank = (int)layouts[place].rank;
        outputs[i].bytes = element_size(FLOAT32);
        for (int axis = 0; axis < outputs[i].rank; axis++) {
            outputs[i].shape[axis] = layouts[place].dimensions[axis];
            outputs[i].bytes *= (size_t)outputs[i].shape[axis];
        }
    }
    return NULL;
}

const Runtime litert_runtime = {open_model, feed, run, read_outputs};
