/* ONNX Runtime by its C API, on the CPU with every graph optimisation, as `edgelm run` opens it. */
#include "runtime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct OrtEnv OrtEnv;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtSession OrtSession;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtStatus OrtStatus;
typedef struct OrtTensorInfo OrtTensorInfo;
typedef struct OrtValue OrtValue;

/* The functions used here at their places in OrtApi, whose order is frozen: new ones only come at its end. */
typedef struct {
    void *unused_0[2];
    const char *(*GetErrorMessage)(const OrtStatus *);
    OrtStatus *(*CreateEnv)(int log_level, const char *name, OrtEnv **);
    void *unused_4[3];
    OrtStatus *(*CreateSession)(const OrtEnv *, const char *path, const OrtSessionOptions *, OrtSession **);
    void *unused_8[1];
    OrtStatus *(*Run)(OrtSession *, const void *options, const char *const *input_names, const OrtValue *const *inputs,
                      size_t input_count, const char *const *output_names, size_t output_count, OrtValue **outputs);
    OrtStatus *(*CreateSessionOptions)(OrtSessionOptions **);
    void *unused_11[13];
    OrtStatus *(*SetIntraOpNumThreads)(OrtSessionOptions *, int);
    void *unused_25[24];
    OrtStatus *(*CreateTensorWithDataAsOrtValue)(const OrtMemoryInfo *, void *data, size_t bytes, const int64_t *shape,
                                                 size_t rank, int element_type, OrtValue **);
    void *unused_50[1];
    OrtStatus *(*GetTensorMutableData)(OrtValue *, void **);
    void *unused_52[8];
    OrtStatus *(*GetTensorElementType)(const OrtTensorInfo *, int *);
    OrtStatus *(*GetDimensionsCount)(const OrtTensorInfo *, size_t *);
    OrtStatus *(*GetDimensions)(const OrtTensorInfo *, int64_t *, size_t);
    void *unused_63[2];
    OrtStatus *(*GetTensorTypeAndShape)(const OrtValue *, OrtTensorInfo **);
    void *unused_66[3];
    OrtStatus *(*CreateCpuMemoryInfo)(int allocator, int memory, OrtMemoryInfo **);
    void *unused_70[26];
    void (*ReleaseValue)(OrtValue *);
    void *unused_97[2];
    void (*ReleaseTensorTypeAndShapeInfo)(OrtTensorInfo *);
} OrtApi;

_Static_assert(offsetof(OrtApi, Run) == 9 * sizeof(void *), "place of Run");
_Static_assert(offsetof(OrtApi, SetIntraOpNumThreads) == 24 * sizeof(void *), "place of SetIntraOpNumThreads");
_Static_assert(offsetof(OrtApi, GetTensorTypeAndShape) == 65 * sizeof(void *), "place of GetTensorTypeAndShape");
_Static_assert(offsetof(OrtApi, ReleaseTensorTypeAndShapeInfo) == 99 * sizeof(void *), "place of ReleaseTensor...");

typedef struct {
    const OrtApi *(*GetApi)(uint32_t version);
    const char *(*GetVersionString)(void);
} OrtApiBase;

enum { OLDEST_API = 1, LOG_ERRORS = 3, ARENA_ALLOCATOR = 1, DEFAULT_MEMORY = 0 };

static const int ELEMENT_TYPES[] = {[FLOAT32] = 1, [INT32] = 6, [INT64] = 7};

static const OrtApi *api;
static OrtSession *session;
static OrtMemoryInfo *memory;
static OrtValue *values[MOST_TENSORS], *results[MOST_TENSORS];
static const char *names[MOST_TENSORS], *wanted[MOST_TENSORS];
static int value_count, result_count;

/* What a status says, or NULL of the status that is none. */
static const char *said(OrtStatus *status) {
    return status == NULL ? NULL : told("%s", api->GetErrorMessage(status));
}

static const char *open_model(const char *library, const char *model, int threads, const char **version) {
    void *loaded = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
    if (loaded == NULL)
        return told("%s", dlerror());
    const OrtApiBase *(*base)(void);
    *(void **)&base = dlsym(loaded, "OrtGetApiBase");
    if (base == NULL)
        return told("%s", dlerror());
    static char words[64];
    snprintf(words, sizeof words, "onnxruntime %s", base()->GetVersionString());
    *version = words;
    api = base()->GetApi(OLDEST_API);
    if (api == NULL)
        return told("%s has not this version of its C API", words);
    OrtEnv *environment;
    OrtSessionOptions *options;
    const char *error;
    if ((error = said(api->CreateEnv(LOG_ERRORS, "edgelm", &environment))) != NULL ||
        (error = said(api->CreateCpuMemoryInfo(ARENA_ALLOCATOR, DEFAULT_MEMORY, &memory))) != NULL ||
        (error = said(api->CreateSessionOptions(&options))) != NULL ||
        (error = said(api->SetIntraOpNumThreads(options, threads))) != NULL)
        return error;
    return said(api->CreateSession(environment, model, options, &session));
}

static void release(OrtValue **tensors, int *count) {
    for (int i = 0; i < *count; i++) {
        if (tensors[i] != NULL)
            api->ReleaseValue(tensors[i]);
        tensors[i] = NULL;
    }
    *count = 0;
}

static const char *feed(const char *signature, Tensor *inputs, int input_count, Tensor *outputs, int output_count) {
    (void)signature;
    release(values, &value_count);
    release(results, &result_count);
    for (int i = 0; i < input_count; i++) {
        Tensor *input = &inputs[i];
        const char *error = said(api->CreateTensorWithDataAsOrtValue(memory, input->data, input->bytes, input->shape,
                                                                     (size_t)input->rank, ELEMENT_TYPES[input->dtype],
                                                                     &values[i]));
        if (error != NULL)
            return error;
        names[i] = input->name;
        value_count = i + 1;
    }
    for (int i = 0; i < output_count; i++)
        wanted[i] = outputs[i].name;
    return NULL;
}

static const char *run(void) {
    int count = 0;
    while (count < MOST_TENSORS && wanted[count] != NULL)
        count++;
    release(results, &result_count);
    const char *error = said(api->Run(session, NULL, names, (const OrtValue *const *)values, (size_t)value_count, wanted,
                                      (size_t)count, results));
    result_count = error == NULL ? count : 0;
    return error;
}

static const char *describe(OrtTensorInfo *info, Tensor *output) {
    int element;
    size_t rank;
    const char *error;
    if ((error = said(api->GetTensorElementType(info, &element))) != NULL ||
        (error = said(api->GetDimensionsCount(info, &rank))) != NULL)
        return error;
    if (element != ELEMENT_TYPES[FLOAT32] || rank > MOST_DIMENSIONS)
        return told("output %s is no float32 tensor of at most %d dimensions", output->name, MOST_DIMENSIONS);
    output->dtype = FLOAT32;
    output->rank = (int)rank;
    return said(api->GetDimensions(info, output->shape, rank));
}

static const char *read_outputs(Tensor *outputs, int output_count) {
    if (output_count != result_count)
        return "there was no run";
    for (int i = 0; i < output_count; i++) {
        Tensor *output = &outputs[i];
        OrtTensorInfo *info;
        const char *error = said(api->GetTensorTypeAndShape(results[i], &info));
        if (error != NULL)
            return error;
        error = describe(info, output);
        api->ReleaseTensorTypeAndShapeInfo(info);
        if (error != NULL || (error = said(api->GetTensorMutableData(results[i], &output->data))) != NULL)
            return error;
        output->bytes = element_size(output->dtype);
        for (int axis = 0; axis < output->rank; axis++)
            output->bytes *= (size_t)output->shape[axis];
    }
    return NULL;
}

const Runtime onnx_runtime = {open_model, feed, run, read_outputs};
