/* The library without libc: one policy, one history, one decision, no main. Exits with 0 when the answer is right.
 * Built with -nostdlib: the four functions below and a system call are all there is. */
#include "plimsoll.h"

#define WORDS(bytes) (((bytes) + 7) / 8)

static uint64_t hpa_memory[WORDS(PLIMSOLL_HPA_BYTES)];
static uint64_t history_memory[WORDS(PLIMSOLL_HISTORY_BYTES)];
static char sentence[256];

void *memcpy(void *to, const void *from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int value, size_t length);
int memcmp(const void *a, const void *b, size_t length);
void _start(void);

void *memcpy(void *to, const void *from, size_t length)
{
    size_t i;
    for (i = 0; i < length; i += 1) {
        ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
    }
    return to;
}

void *memmove(void *to, const void *from, size_t length)
{
    if ((uintptr_t)to <= (uintptr_t)from) {
        return memcpy(to, from, length);
    }
    while (length > 0) {
        length -= 1;
        ((unsigned char *)to)[length] = ((const unsigned char *)from)[length];
    }
    return to;
}

void *memset(void *to, int value, size_t length)
{
    size_t i;
    for (i = 0; i < length; i += 1) {
        ((unsigned char *)to)[i] = (unsigned char)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t length)
{
    size_t i;
    for (i = 0; i < length; i += 1) {
        int difference = ((const unsigned char *)a)[i] - ((const unsigned char *)b)[i];
        if (difference != 0) {
            return difference;
        }
    }
    return 0;
}

static int decide(void)
{
    struct plimsoll_hpa *hpa = (struct plimsoll_hpa *)hpa_memory;
    struct plimsoll_history *history = (struct plimsoll_history *)history_memory;
    struct plimsoll_metric metric;
    struct plimsoll_hpa_config config;
    struct plimsoll_reading reading;
    struct plimsoll_observation seen;
    struct plimsoll_decision decision;
    struct plimsoll_step why;
    int64_t rate = 900000;
    size_t length = 0;

    memset(&metric, 0, sizeof metric);
    metric.struct_size = sizeof metric;
    metric.source = PLIMSOLL_SOURCE_EXTERNAL;
    metric.target = PLIMSOLL_TARGET_KIND_AVERAGE_VALUE;
    metric.target_milli = 100000;
    metric.name = "requests";
    metric.name_length = 8;
    config.struct_size = sizeof config;
    if (plimsoll_hpa_config_defaults(&config) != PLIMSOLL_STATUS_OK) {
        return 10;
    }
    config.max_replicas = 20;
    config.metrics = &metric;
    config.metrics_length = 1;
    config.metrics_stride = sizeof metric;
    if (plimsoll_hpa_init(hpa, sizeof hpa_memory, &config) != PLIMSOLL_STATUS_OK ||
        plimsoll_history_init(history, sizeof history_memory, PLIMSOLL_ROOM_USUAL) != PLIMSOLL_STATUS_OK) {
        return 11;
    }
    memset(&reading, 0, sizeof reading);
    reading.struct_size = sizeof reading;
    reading.kind = PLIMSOLL_READING_KIND_VALUES;
    reading.values_milli = &rate;
    reading.values_length = 1;
    memset(&seen, 0, sizeof seen);
    seen.struct_size = sizeof seen;
    seen.has_scale = 1;
    seen.wanted_replicas = 4;
    seen.running_replicas = 4;
    seen.has_pods = 1;
    seen.readings = &reading;
    seen.readings_length = 1;
    seen.readings_stride = sizeof reading;
    decision.struct_size = sizeof decision;
    why.struct_size = sizeof why;
    if (plimsoll_hpa_decide(hpa, history, &seen, &decision, &why, 1, &length) != PLIMSOLL_STATUS_OK ||
        plimsoll_hpa_applied(hpa, history, &decision, PLIMSOLL_APPLIED_DONE, decision.to, NULL, 0, NULL) !=
            PLIMSOLL_STATUS_OK) {
        return 12;
    }
    if (decision.to != 8 || why.kind != PLIMSOLL_STEP_KIND_LIMITED) {
        return 13;
    }
    if (plimsoll_step_sentence(hpa, &why, sentence, sizeof sentence, &length) != PLIMSOLL_STATUS_OK) {
        return 14;
    }
    return memcmp(sentence, "9 asked for, ", 13) == 0 ? 0 : 15;
}

#if defined(__x86_64__)
/* The kernel enters with a stack aligned to 16, a function expects a return address on it. */
__attribute__((force_align_arg_pointer)) void _start(void)
{
    long status = decide();
    __asm__ volatile("syscall" : : "a"(60L), "D"(status) : "rcx", "r11", "memory");
    for (;;) {
    }
}
#elif defined(__aarch64__)
void _start(void)
{
    register long status __asm__("x0") = decide();
    register long number __asm__("x8") = 93;
    __asm__ volatile("svc 0" : : "r"(status), "r"(number) : "memory");
    for (;;) {
    }
}
#else
#error "how a program ends here is not known"
#endif
