/* Runs a model on a device by a list of orders, and reports what came of it: outputs as raw files, times as lines.
 *
 *     selftest ORDERS REPORT
 *
 * Both are text, one order or finding a line, words separated by spaces (names and files have none):
 *
 *     open onnx|litert LIBRARY MODEL THREADS     -> opened MILLISECONDS VERSION
 *     outputs NAME ...                           what every run gives
 *     feed SIGNATURE                             a new feed; "-" where the format has no signatures
 *     input NAME DTYPE FILE SIZE ...             one of its tensors: raw little-endian values of that shape
 *     run PREFIX                                 -> output NAME DTYPE FILE SIZE ...   one line each, FILE is written
 *     time UNTIMED LEAST MOST SECONDS            -> times WALL:CPU ...                milliseconds of each call
 *     usage                                      -> usage KILOBYTES MILLISECONDS      peak memory and CPU time so far
 *
 * The report ends with "done", or with "error" and what went wrong. The exit status is 0 or 1 accordingly; whoever
 * finds neither line knows that the process was killed. All judging is done by the reader, `edgelm bench --adb`. */
#include "runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_CALLS 100000

static const struct {
    const char *name;
    Dtype dtype;
    size_t bytes;
} DTYPES[] = {{"float32", FLOAT32, 4}, {"int32", INT32, 4}, {"int64", INT64, 8}};

static const Runtime *runtime;
static FILE *report;
static Tensor inputs[MOST_TENSORS], outputs[MOST_TENSORS];
static int input_count, output_count;
static char signature[64];
static int is_fed; /* whether the runtime has the feed as it stands */

const char *told(const char *format, ...) {
    static char words[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    return words;
}

size_t element_size(Dtype dtype) {
    return DTYPES[dtype].bytes;
}

static double milliseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static const char *find_dtype(const char *name, Dtype *dtype) {
    for (size_t i = 0; i < sizeof DTYPES / sizeof *DTYPES; i++) {
        if (strcmp(DTYPES[i].name, name) == 0) {
            *dtype = DTYPES[i].dtype;
            return NULL;
        }
    }
    return told("unknown dtype %s", name);
}

/* The next word of an order; NULL after the last. */
static const char *word(void) {
    return strtok(NULL, " \n");
}

static const char *name_tensor(Tensor *tensor, const char *name) {
    if (name == NULL || strlen(name) >= sizeof tensor->name)
        return told("a tensor's name is missing or too long");
    memset(tensor, 0, sizeof *tensor);
    strcpy(tensor->name, name);
    return NULL;
}

/* Exactly `bytes` bytes of a file, aligned as every runtime wants it. */
static const char *read_file(const char *path, size_t bytes, void **data) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return told("cannot open %s", path);
    size_t found = 0;
    *data = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (*data != NULL)
        found = fread(*data, 1, bytes, file);
    int is_whole = *data != NULL && found == bytes && fgetc(file) == EOF;
    fclose(file);
    return is_whole ? NULL : told("%s has not %zu bytes", path, bytes);
}

static const char *write_file(const char *path, const Tensor *tensor) {
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return told("cannot write %s", path);
    size_t written = fwrite(tensor->data, 1, tensor->bytes, file);
    return fclose(file) == 0 && written == tensor->bytes ? NULL : told("cannot write all of %s", path);
}

static const char *do_open(void) {
    const char *kind = word(), *library = word(), *model = word(), *threads = word(), *version = "";
    if (threads == NULL)
        return "open needs a kind, a library, a model and threads";
    runtime = strcmp(kind, "onnx") == 0 ? &onnx_runtime : &litert_runtime;
    double start = milliseconds(CLOCK_MONOTONIC);
    const char *error = runtime->open(library, model, atoi(threads), &version);
    if (error == NULL)
        fprintf(report, "opened %.4f %s\n", milliseconds(CLOCK_MONOTONIC) - start, version);
    return error;
}

static const char *do_outputs(void) {
    output_count = 0;
    for (const char *name = word(); name != NULL; name = word()) {
        if (output_count == MOST_TENSORS)
            return "too many outputs";
        const char *error = name_tensor(&outputs[output_count++], name);
        if (error != NULL)
            return error;
    }
    return NULL;
}

static const char *do_feed(void) {
    const char *name = word();
    if (name == NULL || strlen(name) >= sizeof signature)
        return "feed needs a signature";
    strcpy(signature, name);
    for (int i = 0; i < input_count; i++)
        free(inputs[i].data);
    input_count = is_fed = 0;
    return NULL;
}

static const char *do_input(void) {
    if (input_count == MOST_TENSORS)
        return "too many inputs";
    Tensor *tensor = &inputs[input_count];
    const char *error = name_tensor(tensor, word()), *dtype = word(), *file = word();
    if (error != NULL || file == NULL)
        return error != NULL ? error : "input needs a name, a dtype and a file";
    if ((error = find_dtype(dtype, &tensor->dtype)) != NULL)
        return error;
    tensor->bytes = element_size(tensor->dtype);
    for (const char *size = word(); size != NULL; size = word()) {
        if (tensor->rank == MOST_DIMENSIONS)
            return "too many dimensions";
        tensor->shape[tensor->rank] = atoll(size);
        tensor->bytes *= (size_t)tensor->shape[tensor->rank++];
    }
    if ((error = read_file(file, tensor->bytes, &tensor->data)) == NULL)
        input_count++;
    return error;
}

/* Hand the feed to the runtime, once. */
static const char *fed(void) {
    if (runtime == NULL)
        return "nothing is open";
    const char *error = is_fed ? NULL : runtime->feed(signature, inputs, input_count, outputs, output_count);
    is_fed = error == NULL;
    return error;
}

static const char *do_run(void) {
    const char *prefix = word(), *error = prefix == NULL ? "run needs a prefix" : fed();
    if (error != NULL || (error = runtime->run()) != NULL || (error = runtime->read(outputs, output_count)) != NULL)
        return error;
    for (int i = 0; i < output_count; i++) {
        char path[2048];
        snprintf(path, sizeof path, "%s.%s.bin", prefix, outputs[i].name);
        if ((error = write_file(path, &outputs[i])) != NULL)
            return error;
        fprintf(report, "output %s %s %s", outputs[i].name, DTYPES[outputs[i].dtype].name, path);
        for (int axis = 0; axis < outputs[i].rank; axis++)
            fprintf(report, " %lld", (long long)outputs[i].shape[axis]);
        fprintf(report, "\n");
    }
    return NULL;
}

static const char *do_time(void) {
    static double wall[MOST_CALLS], cpu[MOST_CALLS];
    const char *untimed = word(), *least = word(), *most = word(), *seconds = word(), *error = fed();
    if (error != NULL || seconds == NULL)
        return error != NULL ? error : "time needs four numbers";
    for (int i = 0; i < atoi(untimed); i++)
        if ((error = runtime->run()) != NULL)
            return error;
    int calls = 0, limit = atoi(most) < MOST_CALLS ? atoi(most) : MOST_CALLS;
    double end = milliseconds(CLOCK_MONOTONIC) + atof(seconds) * 1e3;
    while (calls < limit && (calls < atoi(least) || milliseconds(CLOCK_MONOTONIC) < end)) {
        double wall_start = milliseconds(CLOCK_MONOTONIC), cpu_start = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
        if ((error = runtime->run()) != NULL)
            return error;
        cpu[calls] = milliseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
        wall[calls++] = milliseconds(CLOCK_MONOTONIC) - wall_start;
    }
    fprintf(report, "times");
    for (int i = 0; i < calls; i++)
        fprintf(report, " %.6f:%.6f", wall[i], cpu[i]);
    fprintf(report, "\n");
    return NULL;
}

static const char *do_usage(void) {
    char line[256];
    long kilobytes = 0;
    /* Not getrusage's: on Linux that begins with what the shell took that started this process. */
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmHWM: %ld", &kilobytes) == 1)
            break;
    if (status != NULL)
        fclose(status);
    fprintf(report, "usage %ld %.3f\n", kilobytes, milliseconds(CLOCK_PROCESS_CPUTIME_ID));
    return NULL;
}

static const struct {
    const char *name;
    const char *(*obey)(void);
} ORDERS[] = {{"open", do_open}, {"outputs", do_outputs}, {"feed", do_feed}, {"input", do_input},
              {"run", do_run},   {"time", do_time},       {"usage", do_usage}};

static const char *obey(char *line) {
    const char *name = strtok(line, " \n");
    if (name == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof ORDERS / sizeof *ORDERS; i++)
        if (strcmp(ORDERS[i].name, name) == 0)
            return ORDERS[i].obey();
    return told("unknown order %s", name);
}

int main(int count, char **arguments) {
    FILE *orders = count == 3 ? fopen(arguments[1], "r") : NULL;
    report = count == 3 ? fopen(arguments[2], "w") : NULL;
    if (orders == NULL || report == NULL) {
        fprintf(stderr, "usage: selftest ORDERS REPORT\n");
        return 1;
    }
    char line[1024];
    const char *error = NULL;
    while (error == NULL && fgets(line, sizeof line, orders) != NULL) {
        error = obey(line);
        fflush(report); /* a runtime that crashes must not take along what was found before */
    }
    fprintf(report, error == NULL ? "done\n" : "error %s\n", error);
    fclose(orders);
    return fclose(report) == 0 && error == NULL ? 0 : 1;
}
