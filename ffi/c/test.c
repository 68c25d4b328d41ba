/* The interface as a C program meets it: compiled strictly, linked, run. Exits with 0 when all holds. */
#include "plimsoll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define OK PLIMSOLL_STATUS_OK

static int failures = 0;
static int checks = 0;

#define CHECK(holds) check((holds), #holds, __LINE__)
#define STATUS(call, expected) status_is((call), (expected), #call, __LINE__)

static void check(int holds, const char *what, int line)
{
    checks += 1;
    if (!holds) {
        failures += 1;
        fprintf(stderr, "line %d does not hold: %s\n", line, what);
    }
}

static void status_is(plimsoll_status got, plimsoll_status expected, const char *what, int line)
{
    checks += 1;
    if (got != expected) {
        failures += 1;
        fprintf(stderr, "line %d: \"%s\", not \"%s\": %s\n", line, plimsoll_status_str(got),
                plimsoll_status_str(expected), what);
    }
}

static void *room_for(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL) {
        exit(2);
    }
    /* So that valgrind and the sanitizers see what is read without having been written by the library. */
    memset(memory, 0xa5, size);
    return memory;
}

static struct plimsoll_metric metric(int32_t source, const char *name, int32_t target, int32_t percent, int64_t milli)
{
    struct plimsoll_metric made;
    memset(&made, 0, sizeof made);
    made.struct_size = (uint32_t)sizeof made;
    made.source = source;
    made.target = target;
    made.target_percent = percent;
    made.target_milli = milli;
    made.name = name;
    made.name_length = strlen(name);
    return made;
}

static struct plimsoll_hpa_config config_of(const struct plimsoll_metric *metrics, size_t length)
{
    struct plimsoll_hpa_config config;
    memset(&config, 0, sizeof config);
    config.struct_size = (uint32_t)sizeof config;
    STATUS(plimsoll_hpa_config_defaults(&config), OK);
    config.max_replicas = 20;
    config.metrics = metrics;
    config.metrics_length = length;
    config.metrics_stride = sizeof *metrics;
    return config;
}

static struct plimsoll_hpa *policy_of(const struct plimsoll_hpa_config *config)
{
    struct plimsoll_hpa *hpa = (struct plimsoll_hpa *)room_for(plimsoll_hpa_size());
    STATUS(plimsoll_hpa_init(hpa, plimsoll_hpa_size(), config), OK);
    return hpa;
}

static struct plimsoll_hpa *cpu_policy(void)
{
    struct plimsoll_metric cpu =
        metric(PLIMSOLL_SOURCE_RESOURCE, "cpu", PLIMSOLL_TARGET_KIND_UTILIZATION, 60, 0);
    struct plimsoll_hpa_config config = config_of(&cpu, 1);
    return policy_of(&config);
}

static struct plimsoll_hpa *requests_policy(void)
{
    struct plimsoll_metric requests =
        metric(PLIMSOLL_SOURCE_EXTERNAL, "requests", PLIMSOLL_TARGET_KIND_AVERAGE_VALUE, 0, 100000);
    struct plimsoll_hpa_config config = config_of(&requests, 1);
    return policy_of(&config);
}

static struct plimsoll_history *history_of(int32_t room)
{
    struct plimsoll_history *history = (struct plimsoll_history *)room_for(plimsoll_history_size(room));
    STATUS(plimsoll_history_init(history, plimsoll_history_size(room), room), OK);
    return history;
}

static struct plimsoll_reading reading_of(int32_t kind)
{
    struct plimsoll_reading made;
    memset(&made, 0, sizeof made);
    made.struct_size = (uint32_t)sizeof made;
    made.kind = kind;
    return made;
}

static struct plimsoll_observation observed(int64_t now_ns, int32_t replicas, const struct plimsoll_reading *readings,
                                            size_t length)
{
    struct plimsoll_observation made;
    memset(&made, 0, sizeof made);
    made.struct_size = (uint32_t)sizeof made;
    made.has_scale = 1;
    made.now_ns = now_ns;
    made.wanted_replicas = replicas;
    made.running_replicas = replicas;
    made.has_pods = 1;
    made.pods_listed = (uint32_t)replicas;
    made.pods_ready = (uint32_t)replicas;
    made.readings = readings;
    made.readings_length = length;
    made.readings_stride = sizeof *readings;
    return made;
}

static struct plimsoll_decision no_decision(void)
{
    struct plimsoll_decision made;
    memset(&made, 0, sizeof made);
    made.struct_size = (uint32_t)sizeof made;
    return made;
}

static struct plimsoll_pod pod_of(int64_t usage_milli, int64_t request_milli)
{
    struct plimsoll_pod made;
    memset(&made, 0, sizeof made);
    made.struct_size = (uint32_t)sizeof made;
    made.phase = PLIMSOLL_PHASE_RUNNING;
    made.ready = PLIMSOLL_READY_TRUE;
    made.has_started = 1;
    made.started_ns = -3600 * SECOND;
    made.has_sample = 1;
    made.sample_milli = usage_milli;
    made.request_milli = request_milli;
    return made;
}

/* One value of the external metric, decided; the answer's `to`. */
static int32_t decide_value(const struct plimsoll_hpa *hpa, struct plimsoll_history *history, int64_t now_ns,
                            int32_t replicas, int64_t value_milli, struct plimsoll_decision *decision)
{
    struct plimsoll_reading reading = reading_of(PLIMSOLL_READING_KIND_VALUES);
    struct plimsoll_observation seen = observed(now_ns, replicas, &reading, 1);
    reading.values_milli = &value_milli;
    reading.values_length = 1;
    *decision = no_decision();
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, decision, NULL, 0, NULL), OK);
    return decision->to;
}

static void texts(void)
{
    CHECK(strcmp(plimsoll_version(), PLIMSOLL_VERSION) == 0);
    CHECK(strcmp(plimsoll_status_str(OK), "ok") == 0);
    CHECK(strcmp(plimsoll_status_str(12345), "unknown status") == 0);
    CHECK(strcmp(plimsoll_condition_kind_str(PLIMSOLL_CONDITION_KIND_ABLE_TO_SCALE), "AbleToScale") == 0);
    CHECK(strcmp(plimsoll_reason_str(PLIMSOLL_REASON_TOO_MANY_REPLICAS), "TooManyReplicas") == 0);
    CHECK(strcmp(plimsoll_reason_str(-1), "unknown") == 0);
}

static void sizes(void)
{
    CHECK(plimsoll_hpa_size() <= PLIMSOLL_HPA_BYTES && plimsoll_hpa_align() <= 8);
    CHECK(plimsoll_fold_size() <= PLIMSOLL_FOLD_BYTES && plimsoll_fold_align() <= 8);
    CHECK(plimsoll_history_align() <= 8);
    CHECK(plimsoll_history_size(PLIMSOLL_ROOM_USUAL) <= PLIMSOLL_HISTORY_BYTES);
    CHECK(plimsoll_history_size(PLIMSOLL_ROOM_LONGEST) <= PLIMSOLL_HISTORY_LONGEST_BYTES);
    CHECK(plimsoll_history_size(PLIMSOLL_ROOM_LONGEST_BY_SECONDS) <= PLIMSOLL_HISTORY_LONGEST_BY_SECONDS_BYTES);
    CHECK(plimsoll_history_size(0) == 0 && plimsoll_history_size(4) == 0);
}

/* Everything that a configuration can be wrong about, and that nothing is written then. */
static void configurations(void)
{
    struct plimsoll_metric two[2];
    struct plimsoll_hpa_config good, bad;
    struct plimsoll_rate_rule rate;
    struct plimsoll_rules rules;
    size_t size = plimsoll_hpa_size();
    unsigned char *memory = (unsigned char *)room_for(size + 8), *before = (unsigned char *)room_for(size + 8);
    struct plimsoll_hpa *hpa = (struct plimsoll_hpa *)memory;

    two[0] = metric(PLIMSOLL_SOURCE_RESOURCE, "cpu", PLIMSOLL_TARGET_KIND_UTILIZATION, 60, 0);
    two[1] = metric(PLIMSOLL_SOURCE_CONTAINER_RESOURCE, "memory", PLIMSOLL_TARGET_KIND_AVERAGE_VALUE, 0, 1000);
    two[1].container = "app";
    two[1].container_length = 3;
    good = config_of(two, 2);
    CHECK(good.min_replicas == 1 && good.sync_period_ns == UINT64_C(15000000000) && good.profile == 137);

#define BAD(change, expected)                                \
    do {                                                     \
        bad = good;                                          \
        change;                                              \
        STATUS(plimsoll_hpa_init(hpa, size, &bad), expected); \
    } while (0)
    BAD(bad.struct_size = 0, PLIMSOLL_STATUS_STRUCT_SIZE);
    BAD(bad.min_replicas = -1, PLIMSOLL_STATUS_OUT_OF_RANGE);
    BAD(bad.max_replicas = 0, PLIMSOLL_STATUS_OUT_OF_RANGE);
    BAD(bad.profile = 0, PLIMSOLL_STATUS_OUT_OF_RANGE);
    BAD(bad.tolerance = -0.1, PLIMSOLL_STATUS_OUT_OF_RANGE);
    BAD(bad.sync_period_ns = 0, PLIMSOLL_STATUS_OUT_OF_RANGE);
    BAD(bad.scale_to_zero = 3, PLIMSOLL_STATUS_OUT_OF_RANGE);
    BAD(bad.cold_start = -1, PLIMSOLL_STATUS_OUT_OF_RANGE);
    BAD(bad.mend_pods_rule = 2, PLIMSOLL_STATUS_OUT_OF_RANGE);
    BAD(bad.metrics = NULL, PLIMSOLL_STATUS_NULL_POINTER);
    BAD(bad.metrics = (const struct plimsoll_metric *)((const char *)two + 1), PLIMSOLL_STATUS_MISALIGNED);
    BAD(bad.metrics_stride = sizeof two[0] + 1, PLIMSOLL_STATUS_MISALIGNED);
    BAD(bad.metrics_stride = 8, PLIMSOLL_STATUS_STRUCT_SIZE);
    BAD(bad.metrics_length = 0, PLIMSOLL_STATUS_EMPTY);
    BAD(bad.metrics_length = SIZE_MAX / 2, PLIMSOLL_STATUS_OUT_OF_RANGE);
    BAD(two[1].struct_size = 1000, PLIMSOLL_STATUS_STRUCT_SIZE);
    two[1].struct_size = (uint32_t)sizeof two[1];
    BAD(two[1].source = 0, PLIMSOLL_STATUS_OUT_OF_RANGE);
    two[1].source = PLIMSOLL_SOURCE_CONTAINER_RESOURCE;
    BAD(two[1].target = PLIMSOLL_TARGET_KIND_VALUE, PLIMSOLL_STATUS_WRONG_TARGET);
    two[1].target = PLIMSOLL_TARGET_KIND_AVERAGE_VALUE;
    BAD(two[1].name = "\xff" "bcdef", PLIMSOLL_STATUS_BAD_TEXT);
    two[1].name = "memory";
    two[1].name_length = PLIMSOLL_NAME_BYTES + 1;
    STATUS(plimsoll_hpa_init(hpa, size, &good), PLIMSOLL_STATUS_TOO_MANY);
    two[1].name_length = 6;
#undef BAD

    memset(&rules, 0, sizeof rules);
    rules.struct_size = (uint32_t)sizeof rules;
    memset(&rate, 0, sizeof rate);
    rate.struct_size = (uint32_t)sizeof rate;
    rate.kind = PLIMSOLL_RATE_KIND_PODS;
    rate.value = 0;
    rate.period_ns = (uint64_t)(10 * SECOND);
    good.up = &rules;
    STATUS(plimsoll_hpa_init(hpa, size, &good), PLIMSOLL_STATUS_NULL_POINTER);
    good.down = &rules;
    STATUS(plimsoll_hpa_init(hpa, size, &good), PLIMSOLL_STATUS_EMPTY);
    rules.rates = &rate;
    rules.rates_length = 1;
    rules.rates_stride = sizeof rate;
    STATUS(plimsoll_hpa_init(hpa, size, &good), PLIMSOLL_STATUS_OUT_OF_RANGE);
    rate.value = 4;
    rules.has_window = 1;
    rules.window_ns = (uint64_t)(3601 * SECOND);
    STATUS(plimsoll_hpa_init(hpa, size, &good), PLIMSOLL_STATUS_OUT_OF_RANGE);
    rules.window_ns = (uint64_t)(3600 * SECOND);

    /* The same in words. */
    {
        char text[128];
        size_t length = 99;
        STATUS(plimsoll_hpa_config_problem(&good, text, sizeof text, &length), OK);
        CHECK(length == 0 && text[0] == 0);
        bad = good;
        bad.max_replicas = 0;
        STATUS(plimsoll_hpa_config_problem(&bad, text, 10, &length), PLIMSOLL_STATUS_NO_ROOM);
        STATUS(plimsoll_hpa_config_problem(&bad, text, sizeof text, &length), OK);
        CHECK(strcmp(text, "max is 0, must be at least 1") == 0);
        two[1].target_milli = 0;
        STATUS(plimsoll_hpa_config_problem(&good, text, sizeof text, &length), OK);
        CHECK(strcmp(text, "metrics[1]: target is 0, must be at least 1") == 0 && length == strlen(text));
        two[1].target_milli = 1000;
        rules.window_ns = (uint64_t)(3601 * SECOND);
        STATUS(plimsoll_hpa_config_problem(&good, text, sizeof text, &length), OK);
        CHECK(strcmp(text, "up: window is 3601000000000, must be at most 3600000000000") == 0);
        rules.window_ns = (uint64_t)(3600 * SECOND);
        good.down = NULL;
        STATUS(plimsoll_hpa_config_problem(&good, NULL, 0, &length), OK);
        CHECK(length == strlen("down: a pointer is NULL"));
        good.down = &rules;
        STATUS(plimsoll_hpa_config_problem(NULL, text, sizeof text, &length), PLIMSOLL_STATUS_NULL_POINTER);
    }

    STATUS(plimsoll_hpa_init(NULL, size, &good), PLIMSOLL_STATUS_NULL_POINTER);
    STATUS(plimsoll_hpa_init((struct plimsoll_hpa *)(memory + 1), size, &good), PLIMSOLL_STATUS_MISALIGNED);
    STATUS(plimsoll_hpa_init(hpa, size - 1, &good), PLIMSOLL_STATUS_NO_ROOM);
    STATUS(plimsoll_hpa_init((struct plimsoll_hpa *)&good, size, &good), PLIMSOLL_STATUS_OVERLAP);
    CHECK(memcmp(memory, before, size) == 0);
    STATUS(plimsoll_hpa_init(hpa, size, &good), OK);
    CHECK(memcmp(memory, before, size) != 0);

    /* An hour's window wants a longer history. */
    {
        int32_t room = 0;
        struct plimsoll_history *usual = history_of(PLIMSOLL_ROOM_USUAL);
        struct plimsoll_history *longest = history_of(PLIMSOLL_ROOM_LONGEST);
        STATUS(plimsoll_hpa_room(hpa, &room), OK);
        CHECK(room == PLIMSOLL_ROOM_LONGEST);
        STATUS(plimsoll_hpa_fits(hpa, usual), PLIMSOLL_STATUS_CAPACITY);
        STATUS(plimsoll_hpa_fits(hpa, longest), OK);
        good.sync_period_ns = (uint64_t)SECOND;
        STATUS(plimsoll_hpa_init(hpa, size, &good), OK);
        STATUS(plimsoll_hpa_room(hpa, &room), OK);
        CHECK(room == PLIMSOLL_ROOM_LONGEST_BY_SECONDS);
        good.sync_period_ns = (uint64_t)SECOND / 2;
        STATUS(plimsoll_hpa_init(hpa, size, &good), OK);
        STATUS(plimsoll_hpa_room(hpa, &room), PLIMSOLL_STATUS_CAPACITY);
        CHECK(room == PLIMSOLL_ROOM_LONGEST_BY_SECONDS);
        free(usual);
        free(longest);
    }
    free(memory);
    free(before);
}

/* Pods as an array, pods added one by one, and pods known by sums give the same answer. */
static void pods(void)
{
    struct plimsoll_hpa *hpa = cpu_policy();
    struct {
        struct plimsoll_pod pod;
        char name[16];
    } mine[6];
    struct plimsoll_reading reading = reading_of(PLIMSOLL_READING_KIND_PODS);
    struct plimsoll_observation seen = observed(0, 6, &reading, 1);
    struct plimsoll_decision first = no_decision(), second = no_decision();
    struct plimsoll_history *a = history_of(PLIMSOLL_ROOM_USUAL), *b = history_of(PLIMSOLL_ROOM_USUAL);
    struct plimsoll_fold *fold = (struct plimsoll_fold *)room_for(plimsoll_fold_size());
    int32_t pod_class = 0;
    size_t i;

    memset(mine, 0, sizeof mine);
    for (i = 0; i < 6; i += 1) {
        mine[i].pod = pod_of(900, 1000);
    }
    mine[4].pod.has_sample = 0;
    mine[5].pod.phase = PLIMSOLL_PHASE_PENDING;
    reading.pods = &mine[0].pod;
    reading.pods_length = 6;
    reading.pods_stride = sizeof mine[0];
    STATUS(plimsoll_hpa_decide(hpa, a, &seen, &first, NULL, 0, NULL), OK);
    CHECK(first.from == 6 && first.recommended == 6 && first.has_winner == 1 && first.winner == 0);

    STATUS(plimsoll_fold_init(fold, plimsoll_fold_size(), hpa, 1, 0), PLIMSOLL_STATUS_NO_SUCH_METRIC);
    STATUS(plimsoll_fold_add_unlisted(fold, 1), PLIMSOLL_STATUS_NOT_INITIALIZED);
    STATUS(plimsoll_fold_init(fold, plimsoll_fold_size() - 1, hpa, 0, 0), PLIMSOLL_STATUS_NO_ROOM);
    STATUS(plimsoll_fold_init(fold, plimsoll_fold_size(), hpa, 0, 0), OK);
    STATUS(plimsoll_fold_add_ready(fold, 4, 3600, 4000), OK);
    STATUS(plimsoll_fold_add(fold, &mine[4].pod, &pod_class), OK);
    CHECK(pod_class == PLIMSOLL_POD_CLASS_MISSING);
    STATUS(plimsoll_fold_add(fold, &mine[5].pod, &pod_class), OK);
    CHECK(pod_class == PLIMSOLL_POD_CLASS_PENDING);
    mine[5].pod.phase = 9;
    STATUS(plimsoll_fold_add(fold, &mine[5].pod, &pod_class), PLIMSOLL_STATUS_OUT_OF_RANGE);
    STATUS(plimsoll_fold_add(fold, NULL, NULL), PLIMSOLL_STATUS_NULL_POINTER);
    CHECK(pod_class == PLIMSOLL_POD_CLASS_PENDING);
    reading = reading_of(PLIMSOLL_READING_KIND_FOLD);
    reading.fold = fold;
    STATUS(plimsoll_hpa_decide(hpa, b, &seen, &second, NULL, 0, NULL), OK);
    CHECK(memcmp(&first, &second, sizeof first) == 0);

    /* A sample without a pod enters averages, not utilizations. */
    STATUS(plimsoll_fold_add_unlisted(fold, 1000000), OK);
    seen.now_ns = SECOND;
    STATUS(plimsoll_hpa_decide(hpa, b, &seen, &second, NULL, 0, NULL), OK);
    CHECK(second.recommended == first.recommended);

    /* A pod in the middle of the array that cannot be. */
    reading = reading_of(PLIMSOLL_READING_KIND_PODS);
    reading.pods = &mine[0].pod;
    reading.pods_length = 6;
    reading.pods_stride = sizeof mine[0];
    second = first;
    STATUS(plimsoll_hpa_decide(hpa, b, &seen, &second, NULL, 0, NULL), PLIMSOLL_STATUS_OUT_OF_RANGE);
    CHECK(memcmp(&first, &second, sizeof first) == 0);
    free(fold);
    free(a);
    free(b);
    free(hpa);
}

/* Requests of a pod, with the release's own rules. */
static void requests(void)
{
    struct plimsoll_hpa *hpa = cpu_policy();
    struct plimsoll_container two[2];
    struct plimsoll_pod_level level;
    int64_t request = 7;
    int32_t error = 7;

    memset(two, 0, sizeof two);
    two[0].struct_size = two[1].struct_size = (uint32_t)sizeof two[0];
    two[0].kind = PLIMSOLL_CONTAINER_KIND_MAIN;
    two[0].name = "app";
    two[0].name_length = 3;
    two[0].has_request = 1;
    two[0].request_milli = 500;
    two[1] = two[0];
    two[1].kind = PLIMSOLL_CONTAINER_KIND_SIDECAR;
    STATUS(plimsoll_pod_request(hpa, 1, two, 2, sizeof two[0], NULL, &request, &error), PLIMSOLL_STATUS_NO_SUCH_METRIC);
    STATUS(plimsoll_pod_request(hpa, 0, NULL, 2, sizeof two[0], NULL, &request, &error), PLIMSOLL_STATUS_NULL_POINTER);
    two[1].kind = 4;
    STATUS(plimsoll_pod_request(hpa, 0, two, 2, sizeof two[0], NULL, &request, &error), PLIMSOLL_STATUS_OUT_OF_RANGE);
    two[1].kind = PLIMSOLL_CONTAINER_KIND_SIDECAR;
    CHECK(request == 7 && error == 7);
    STATUS(plimsoll_pod_request(hpa, 0, two, 2, sizeof two[0], NULL, &request, &error), OK);
    CHECK(request == 1000 && error == 0);
    memset(&level, 0, sizeof level);
    level.struct_size = (uint32_t)sizeof level;
    level.set = 1;
    level.has_request = 1;
    level.request_milli = 3000;
    level.has_overhead = 1;
    level.overhead_milli = 10;
    STATUS(plimsoll_pod_request(hpa, 0, two, 2, sizeof two[0], &level, &request, &error), OK);
    CHECK(request == 3010 && error == 0);
    two[1].has_request = 0;
    STATUS(plimsoll_pod_request(hpa, 0, two, 2, sizeof two[0], NULL, &request, &error), OK);
    CHECK(request == 0 && error == PLIMSOLL_REQUEST_ERROR_MISSING);
    free(hpa);
}

/* What a pod used; a container without the resource, and a pod without any, are no sample. */
static void usages(void)
{
    struct plimsoll_hpa *hpa = cpu_policy();
    struct plimsoll_container_usage two[2];
    uint32_t known = 7;
    int64_t usage = 7;
    int32_t error = 7;

    memset(two, 0, sizeof two);
    two[0].struct_size = two[1].struct_size = (uint32_t)sizeof two[0];
    two[0].name = "app";
    two[0].name_length = 3;
    two[0].has_usage = 1;
    two[0].usage_milli = 500;
    two[1] = two[0];
    STATUS(plimsoll_pod_usage(hpa, 1, two, 2, sizeof two[0], &known, &usage, &error), PLIMSOLL_STATUS_NO_SUCH_METRIC);
    STATUS(plimsoll_pod_usage(hpa, 0, NULL, 2, sizeof two[0], &known, &usage, &error), PLIMSOLL_STATUS_NULL_POINTER);
    STATUS(plimsoll_pod_usage(hpa, 0, two, 2, sizeof two[0], &known, NULL, &error), PLIMSOLL_STATUS_NULL_POINTER);
    two[1].has_usage = 2;
    STATUS(plimsoll_pod_usage(hpa, 0, two, 2, sizeof two[0], &known, &usage, &error), PLIMSOLL_STATUS_OUT_OF_RANGE);
    CHECK(known == 7 && usage == 7 && error == 7);
    two[1].has_usage = 1;
    STATUS(plimsoll_pod_usage(hpa, 0, two, 2, sizeof two[0], &known, &usage, &error), OK);
    CHECK(known == 1 && usage == 1000 && error == 0);
    two[1].has_usage = 0;
    STATUS(plimsoll_pod_usage(hpa, 0, two, 2, sizeof two[0], &known, &usage, &error), OK);
    CHECK(known == 0 && usage == 0 && error == 0);
    STATUS(plimsoll_pod_usage(hpa, 0, NULL, 0, sizeof two[0], &known, &usage, &error), OK);
    CHECK(known == 0);
    free(hpa);
}

static void says(const struct plimsoll_hpa *hpa, const struct plimsoll_step *step, const char *expected, int line)
{
    char text[512];
    size_t length = 0, asked = 0;
    status_is(plimsoll_step_sentence(hpa, step, NULL, 0, &asked), OK, "length of a sentence", line);
    status_is(plimsoll_step_sentence(hpa, step, text, sizeof text, &length), OK, "a sentence", line);
    check(length == asked && length == strlen(text), "length of a sentence", line);
    check(strcmp(text, expected) == 0, text, line);
}

static void steps_and_sentences(void)
{
    struct plimsoll_hpa *hpa = requests_policy();
    struct plimsoll_history *history = history_of(PLIMSOLL_ROOM_USUAL);
    struct plimsoll_step steps[8], one, untouched;
    struct plimsoll_reading reading = reading_of(PLIMSOLL_READING_KIND_VALUES);
    struct plimsoll_observation seen = observed(0, 4, &reading, 1);
    struct plimsoll_decision decision = no_decision();
    int64_t values[2] = {400000, 500000};
    size_t length = 99;
    char small[8];

    reading.values_milli = values;
    reading.values_length = 2;
    memset(steps, 0, sizeof steps);
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, &decision, steps, 8, &length), PLIMSOLL_STATUS_STRUCT_SIZE);
    steps[0].struct_size = (uint32_t)sizeof steps[0];
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, &decision, steps, 8, NULL), PLIMSOLL_STATUS_NULL_POINTER);
    CHECK(length == 99);
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, &decision, steps, 8, &length), OK);
    CHECK(decision.to == 8 && decision.recommended == 9 && decision.steps == 4 && length == 4);
    CHECK(steps[0].kind == PLIMSOLL_STEP_KIND_SEEDED && steps[1].kind == PLIMSOLL_STEP_KIND_PROPOSED);
    CHECK(steps[2].kind == PLIMSOLL_STEP_KIND_RECOMMENDED && steps[3].kind == PLIMSOLL_STEP_KIND_LIMITED);
    CHECK(steps[3].struct_size == sizeof steps[0] && steps[4].struct_size == 0);
    CHECK(decision.last_word == PLIMSOLL_STEP_KIND_LIMITED && steps[3].from == 9 && steps[3].to == 8);
    CHECK(steps[1].basis == PLIMSOLL_BASIS_PER_POD && steps[1].reported.average_milli == 225000);
    says(hpa, &steps[0], "first sync: the current 4 count as a recommendation", __LINE__);
    says(hpa, &steps[1], "requests reads 225 per pod, target 100; asks 9: total over target, rounded up", __LINE__);
    says(NULL, &steps[2], "metric 1 asks for the most: 9, now 4", __LINE__);
    says(hpa, &steps[3], "9 asked for, without behavior 8 is the most at once: twice the current number, or 4", __LINE__);

    memset(small, 'x', sizeof small);
    STATUS(plimsoll_step_sentence(hpa, &steps[0], small, sizeof small, &length), PLIMSOLL_STATUS_NO_ROOM);
    CHECK(small[0] == 'x' && length == 4);
    STATUS(plimsoll_step_sentence(hpa, &steps[0], (char *)steps, sizeof steps, &length), PLIMSOLL_STATUS_OVERLAP);
    STATUS(plimsoll_step_sentence((struct plimsoll_hpa *)steps, &steps[0], small, 0, &length),
           PLIMSOLL_STATUS_NOT_INITIALIZED);
    one = steps[1];
    one.kind = 99;
    STATUS(plimsoll_step_sentence(hpa, &one, small, 0, &length), PLIMSOLL_STATUS_OUT_OF_RANGE);
    one = steps[1];
    one.metric = 70000;
    STATUS(plimsoll_step_sentence(hpa, &one, small, 0, &length), PLIMSOLL_STATUS_OUT_OF_RANGE);

    /* Room for one step is enough to say why. */
    seen.now_ns = 15 * SECOND;
    seen.wanted_replicas = 8;
    seen.running_replicas = 8;
    values[0] = 0;
    values[1] = 100000;
    memset(&one, 0, sizeof one);
    one.struct_size = (uint32_t)sizeof one;
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, &decision, &one, 1, &length), OK);
    CHECK(length == 1 && decision.steps == 3 && one.kind == decision.last_word);
    CHECK(one.kind == PLIMSOLL_STEP_KIND_STABILIZED && one.direction == PLIMSOLL_DIRECTION_DOWN);
    CHECK(decision.has_revisit_at == 1 && decision.revisit_at_ns == 300 * SECOND + 1);
    says(hpa, &one, "a recent recommendation of 9 holds 1 back at 9, until 300 s", __LINE__);

    /* What was applied. */
    memset(steps, 0, sizeof steps);
    steps[0].struct_size = (uint32_t)sizeof steps[0];
    STATUS(plimsoll_hpa_applied(hpa, history, &decision, PLIMSOLL_APPLIED_DONE, decision.to, steps, 8, &length), OK);
    CHECK(length == 1 && steps[0].kind == PLIMSOLL_STEP_KIND_RESCALED && steps[0].from == 8 && steps[0].to == 9);
    STATUS(plimsoll_hpa_applied(hpa, history, &decision, PLIMSOLL_APPLIED_FAILED, 0, steps, 8, &length), OK);
    CHECK(length == 1 && steps[0].kind == PLIMSOLL_STEP_KIND_RESCALE_FAILED);
    untouched = steps[0];
    STATUS(plimsoll_hpa_applied(hpa, history, &decision, 0, 9, steps, 8, &length), PLIMSOLL_STATUS_OUT_OF_RANGE);
    STATUS(plimsoll_hpa_applied(hpa, history, &decision, PLIMSOLL_APPLIED_DONE, -1, steps, 8, &length),
           PLIMSOLL_STATUS_OUT_OF_RANGE);
    CHECK(memcmp(&untouched, &steps[0], sizeof untouched) == 0);
    free(history);
    free(hpa);
}

static void readings(void)
{
    struct plimsoll_hpa *hpa = requests_policy();
    struct plimsoll_history *history = history_of(PLIMSOLL_ROOM_USUAL);
    struct plimsoll_reading reading = reading_of(PLIMSOLL_READING_KIND_FAILED);
    struct plimsoll_observation seen = observed(0, 4, &reading, 1);
    struct plimsoll_decision decision = no_decision();
    struct plimsoll_step step;
    size_t length = 0;

    memset(&step, 0, sizeof step);
    step.struct_size = (uint32_t)sizeof step;
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, &decision, &step, 1, &length), PLIMSOLL_STATUS_OUT_OF_RANGE);
    reading.error = PLIMSOLL_METRIC_ERROR_REQUEST;
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, &decision, &step, 1, &length), PLIMSOLL_STATUS_OUT_OF_RANGE);
    reading.request_error = PLIMSOLL_REQUEST_ERROR_NO_CONTAINER;
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, &decision, &step, 1, &length), OK);
    CHECK(decision.to == 4 && decision.error == PLIMSOLL_SYNC_ERROR_UNKNOWABLE && decision.has_recommended == 0);
    says(hpa, &step, "1 of 1 metrics failed and the rest do not ask for more: nothing changes", __LINE__);
    reading.kind = 6;
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, &decision, NULL, 0, NULL), PLIMSOLL_STATUS_OUT_OF_RANGE);
    reading.kind = PLIMSOLL_READING_KIND_VALUES;
    reading.values_length = 1;
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, &decision, NULL, 0, NULL), PLIMSOLL_STATUS_NULL_POINTER);
    reading.kind = PLIMSOLL_READING_KIND_NONE;
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, &decision, NULL, 0, NULL), OK);
    seen.has_scale = 2;
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, &decision, NULL, 0, NULL), PLIMSOLL_STATUS_OUT_OF_RANGE);
    seen.has_scale = 0;
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, &decision, NULL, 0, NULL), OK);
    CHECK(decision.error == PLIMSOLL_SYNC_ERROR_SCALE_UNREAD);
    free(history);
    free(hpa);
}

static void pointers(void)
{
    struct plimsoll_hpa *hpa = requests_policy();
    struct plimsoll_history *history = history_of(PLIMSOLL_ROOM_USUAL);
    struct plimsoll_reading reading = reading_of(PLIMSOLL_READING_KIND_VALUE);
    struct plimsoll_observation seen = observed(0, 4, &reading, 1);
    struct plimsoll_decision decision = no_decision(), before = decision;
    unsigned char *saved = (unsigned char *)room_for(4096), *again = (unsigned char *)room_for(4096);
    uint64_t zeros[512];
    size_t length = 0, length_again = 0;

    STATUS(plimsoll_history_save(history, saved, 4096, &length), OK);
    STATUS(plimsoll_hpa_decide(NULL, history, &seen, &decision, NULL, 0, NULL), PLIMSOLL_STATUS_NULL_POINTER);
    STATUS(plimsoll_hpa_decide(hpa, NULL, &seen, &decision, NULL, 0, NULL), PLIMSOLL_STATUS_NULL_POINTER);
    STATUS(plimsoll_hpa_decide(hpa, history, NULL, &decision, NULL, 0, NULL), PLIMSOLL_STATUS_NULL_POINTER);
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, NULL, NULL, 0, NULL), PLIMSOLL_STATUS_NULL_POINTER);
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, &decision, NULL, 1, &length), PLIMSOLL_STATUS_NULL_POINTER);
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, (struct plimsoll_decision *)((char *)&decision + 1), NULL, 0, NULL),
           PLIMSOLL_STATUS_MISALIGNED);
    STATUS(plimsoll_hpa_decide(hpa, history, &seen, (struct plimsoll_decision *)&seen, NULL, 0, NULL),
           PLIMSOLL_STATUS_OVERLAP);
    /* A history is no policy, nor the other way round; zeros and noise are neither. */
    STATUS(plimsoll_hpa_decide((struct plimsoll_hpa *)history, history, &seen, &decision, NULL, 0, NULL),
           PLIMSOLL_STATUS_NOT_INITIALIZED);
    STATUS(plimsoll_hpa_decide(hpa, (struct plimsoll_history *)hpa, &seen, &decision, NULL, 0, NULL),
           PLIMSOLL_STATUS_NOT_INITIALIZED);
    memset(zeros, 0, sizeof zeros);
    STATUS(plimsoll_hpa_decide(hpa, (struct plimsoll_history *)zeros, &seen, &decision, NULL, 0, NULL),
           PLIMSOLL_STATUS_NOT_INITIALIZED);
    STATUS(plimsoll_history_restart((struct plimsoll_history *)zeros), PLIMSOLL_STATUS_NOT_INITIALIZED);
    STATUS(plimsoll_history_init(history, 8, PLIMSOLL_ROOM_USUAL), PLIMSOLL_STATUS_NO_ROOM);
    STATUS(plimsoll_history_init(history, 8, 0), PLIMSOLL_STATUS_OUT_OF_RANGE);
    CHECK(memcmp(&before, &decision, sizeof before) == 0);
    STATUS(plimsoll_history_save(history, again, 4096, &length_again), OK);
    CHECK(length == length_again && memcmp(saved, again, length) == 0);
    free(saved);
    free(again);
    free(history);
    free(hpa);
}

static void save_and_restore(void)
{
    struct plimsoll_hpa *hpa = requests_policy();
    struct plimsoll_history *history = history_of(PLIMSOLL_ROOM_USUAL), *other = history_of(PLIMSOLL_ROOM_LONGEST);
    struct plimsoll_decision decision, again;
    unsigned char bytes[4096];
    size_t length = 0, asked = 0, i;

    for (i = 0; i < 20; i += 1) {
        decide_value(hpa, history, (int64_t)i * 15 * SECOND, 4, 300000 + 10000 * (int64_t)(i % 7), &decision);
        STATUS(plimsoll_hpa_applied(hpa, history, &decision, PLIMSOLL_APPLIED_DONE, decision.to, NULL, 0, NULL), OK);
    }
    memset(bytes, 0, sizeof bytes);
    STATUS(plimsoll_history_save(history, NULL, 0, &asked), OK);
    STATUS(plimsoll_history_save(history, bytes, asked - 1, &length), PLIMSOLL_STATUS_NO_ROOM);
    CHECK(bytes[0] == 0 && length == 0);
    STATUS(plimsoll_history_save(history, bytes, asked, &length), OK);
    CHECK(length == asked && memcmp(bytes, "PLIM", 4) == 0);

    /* Into a larger one, which then decides the same. */
    STATUS(plimsoll_history_restore(other, bytes, length), OK);
    decide_value(hpa, history, 300 * SECOND, 5, 200000, &decision);
    decide_value(hpa, other, 300 * SECOND, 5, 200000, &again);
    CHECK(memcmp(&decision, &again, sizeof again) == 0 && again.last_word == PLIMSOLL_STEP_KIND_STABILIZED);

    /* A changed byte, too few, none; the history stays as it was. */
    bytes[30] ^= 1;
    STATUS(plimsoll_history_restore(other, bytes, length), PLIMSOLL_STATUS_BAD_HISTORY);
    bytes[30] ^= 1;
    STATUS(plimsoll_history_restore(other, bytes, length - 1), PLIMSOLL_STATUS_BAD_HISTORY);
    STATUS(plimsoll_history_restore(other, NULL, 0), PLIMSOLL_STATUS_BAD_HISTORY);
    STATUS(plimsoll_history_restore(other, NULL, 1), PLIMSOLL_STATUS_NULL_POINTER);
    decide_value(hpa, history, 315 * SECOND, 5, 200000, &decision);
    decide_value(hpa, other, 315 * SECOND, 5, 200000, &again);
    CHECK(memcmp(&decision, &again, sizeof again) == 0);

    /* More than there is room for. */
    for (i = 0; i < 40; i += 1) {
        decide_value(hpa, other, (330 + (int64_t)i) * SECOND, 5, 200000, &again);
    }
    STATUS(plimsoll_history_save(other, bytes, sizeof bytes, &length), OK);
    STATUS(plimsoll_history_restore(history, bytes, length), PLIMSOLL_STATUS_CAPACITY);
    free(other);
    free(history);
    free(hpa);
}

static void conditions(void)
{
    struct plimsoll_hpa *hpa = requests_policy();
    struct plimsoll_history *history = history_of(PLIMSOLL_ROOM_USUAL);
    struct plimsoll_condition all[PLIMSOLL_MOST_CONDITIONS], given;
    struct plimsoll_decision decision;
    size_t length = 9;

    memset(all, 0, sizeof all);
    all[0].struct_size = (uint32_t)sizeof all[0];
    STATUS(plimsoll_history_conditions(history, all, PLIMSOLL_MOST_CONDITIONS, &length), OK);
    CHECK(length == 0);
    decide_value(hpa, history, 7 * SECOND, 4, 900000, &decision);
    STATUS(plimsoll_history_conditions(history, NULL, 0, &length), OK);
    CHECK(length == 3);
    STATUS(plimsoll_history_conditions(history, all, 2, &length), PLIMSOLL_STATUS_NO_ROOM);
    STATUS(plimsoll_history_conditions(history, all, PLIMSOLL_MOST_CONDITIONS, &length), OK);
    CHECK(all[0].kind == PLIMSOLL_CONDITION_KIND_ABLE_TO_SCALE && all[0].status == 1);
    CHECK(all[1].kind == PLIMSOLL_CONDITION_KIND_SCALING_ACTIVE && all[1].since_ns == 7 * SECOND);
    CHECK(all[2].reason == PLIMSOLL_REASON_SCALE_UP_LIMIT && all[2].struct_size == sizeof all[2]);

    STATUS(plimsoll_history_restart(history), OK);
    STATUS(plimsoll_history_conditions(history, NULL, 0, &length), OK);
    CHECK(length == 3);
    memset(&given, 0, sizeof given);
    given.struct_size = (uint32_t)sizeof given;
    given.kind = PLIMSOLL_CONDITION_KIND_ABLE_TO_SCALE;
    STATUS(plimsoll_history_set_condition(history, &given), PLIMSOLL_STATUS_OUT_OF_RANGE);
    given.reason = PLIMSOLL_REASON_FAILED_GET_SCALE;
    STATUS(plimsoll_history_set_condition(history, &given), OK);
    STATUS(plimsoll_history_conditions(history, all, PLIMSOLL_MOST_CONDITIONS, &length), OK);
    CHECK(length == 3 && all[2].kind == PLIMSOLL_CONDITION_KIND_ABLE_TO_SCALE && all[2].status == 0);
    free(history);
    free(hpa);
}

static void outlook(void)
{
    struct plimsoll_hpa *hpa = requests_policy();
    struct plimsoll_reading reading = reading_of(PLIMSOLL_READING_KIND_VALUES);
    struct plimsoll_observation seen = observed(0, 4, &reading, 1);
    struct plimsoll_outlook out;
    int64_t value = 400000;

    reading.values_milli = &value;
    reading.values_length = 1;
    memset(&out, 0, sizeof out);
    out.struct_size = (uint32_t)sizeof out;
    STATUS(plimsoll_hpa_outlook(hpa, 1, &seen, &out), PLIMSOLL_STATUS_NO_SUCH_METRIC);
    STATUS(plimsoll_hpa_outlook(hpa, 0, &seen, &out), OK);
    CHECK(out.has_up == 1 && out.up_total_milli == 440001 && out.up_replicas == 5);
    CHECK(out.has_down == 1 && out.down_total_milli == 300000 && out.down_replicas == 3);
    CHECK(out.up.has_average == 1 && out.up.has_value == 0 && out.up.average_milli == 110001);
    free(hpa);
}

/* One crossing for many; a bad item leaves the others as they are. */
static void batch(void)
{
    enum { N = 5 };
    struct plimsoll_hpa *hpa = requests_policy();
    struct plimsoll_hpa_batch_item items[N];
    struct plimsoll_history *histories[N], *alone = history_of(PLIMSOLL_ROOM_USUAL);
    struct plimsoll_reading reading[N];
    struct plimsoll_observation seen[N];
    struct plimsoll_decision decisions[N], expected;
    struct plimsoll_step steps[N];
    int64_t values[N];
    size_t i;

    memset(items, 0, sizeof items);
    memset(steps, 0, sizeof steps);
    for (i = 0; i < N; i += 1) {
        histories[i] = history_of(PLIMSOLL_ROOM_USUAL);
        values[i] = 100000 * (int64_t)(i + 3);
        reading[i] = reading_of(PLIMSOLL_READING_KIND_VALUES);
        reading[i].values_milli = &values[i];
        reading[i].values_length = 1;
        seen[i] = observed(0, 4, &reading[i], 1);
        decisions[i] = no_decision();
        steps[i].struct_size = (uint32_t)sizeof steps[i];
        items[i].struct_size = (uint32_t)sizeof items[i];
        items[i].status = -1;
        items[i].policy = hpa;
        items[i].history = histories[i];
        items[i].observation = &seen[i];
        items[i].decision = &decisions[i];
        items[i].steps = &steps[i];
        items[i].steps_capacity = 1;
    }
    items[4].struct_size = 0;
    STATUS(plimsoll_hpa_decide_batch(items, N, sizeof items[0]), PLIMSOLL_STATUS_STRUCT_SIZE);
    CHECK(items[0].status == -1 && decisions[0].to == 0);
    items[4].struct_size = (uint32_t)sizeof items[4];
    seen[2].selector = 17;
    items[3].decision = (struct plimsoll_decision *)&items[3];
    STATUS(plimsoll_hpa_decide_batch(items, N, sizeof items[0]), OK);
    CHECK(items[0].status == OK && items[1].status == OK && items[4].status == OK);
    CHECK(items[2].status == PLIMSOLL_STATUS_OUT_OF_RANGE && decisions[2].to == 0 && items[2].steps_length == 0);
    CHECK(items[3].status == PLIMSOLL_STATUS_OVERLAP);
    CHECK(decisions[0].to == 3 + 1 && decisions[1].to == 4 && decisions[4].to == 7);
    CHECK(items[4].steps_length == 1 && steps[4].kind == PLIMSOLL_STEP_KIND_RECOMMENDED);
    decide_value(hpa, alone, 0, 4, values[4], &expected);
    CHECK(memcmp(&expected, &decisions[4], sizeof expected) == 0);
    STATUS(plimsoll_hpa_decide_batch(NULL, 0, 0), OK);
    STATUS(plimsoll_hpa_decide_batch(NULL, 1, sizeof items[0]), PLIMSOLL_STATUS_NULL_POINTER);
    for (i = 0; i < N; i += 1) {
        free(histories[i]);
    }
    free(alone);
    free(hpa);
}

/* Items share a policy in any order, and what is no policy spoils only its own item. */
static void batch_of_policies(void)
{
    enum { N = 7 };
    struct plimsoll_hpa *one = requests_policy(), *other = cpu_policy();
    uint64_t none[PLIMSOLL_HPA_BYTES / sizeof(uint64_t)] = { 0 };
    struct plimsoll_hpa *policies[N];
    struct plimsoll_reading reading = reading_of(PLIMSOLL_READING_KIND_VALUES);
    struct plimsoll_observation seen = observed(0, 4, &reading, 1);
    struct plimsoll_hpa_batch_item items[N], *inside;
    struct plimsoll_history *histories[N + 2];
    struct plimsoll_decision decisions[N + 2];
    int64_t value = 700000;
    size_t i, stride = 1024;
    unsigned char *block = (unsigned char *)room_for(stride + plimsoll_hpa_size());

    policies[0] = policies[2] = policies[3] = policies[6] = one;
    policies[1] = other;
    policies[4] = (struct plimsoll_hpa *)none;
    policies[5] = NULL;
    reading.values_milli = &value;
    reading.values_length = 1;
    memset(items, 0, sizeof items);
    for (i = 0; i < N + 2; i += 1) {
        histories[i] = history_of(PLIMSOLL_ROOM_USUAL);
        decisions[i] = no_decision();
    }
    for (i = 0; i < N; i += 1) {
        items[i].struct_size = (uint32_t)sizeof items[i];
        items[i].status = -1;
        items[i].policy = policies[i];
        items[i].history = histories[i];
        items[i].observation = &seen;
        items[i].decision = &decisions[i];
    }
    STATUS(plimsoll_hpa_decide_batch(items, N, sizeof items[0]), OK);
    for (i = 0; i < N; i += 1) {
        CHECK(items[i].status == (i == 4 ? PLIMSOLL_STATUS_NOT_INITIALIZED : i == 5 ? PLIMSOLL_STATUS_NULL_POINTER : OK));
        CHECK(decisions[i].to == (policies[i] == one ? 7 : policies[i] == other ? 4 : 0));
    }

    /* The second item lies in the policy of both. */
    memcpy(block + sizeof items[0], one, plimsoll_hpa_size());
    for (i = 0; i < 2; i += 1) {
        inside = (struct plimsoll_hpa_batch_item *)(void *)(block + i * stride);
        memcpy(inside, &items[0], sizeof items[0]);
        inside->policy = (struct plimsoll_hpa *)(void *)(block + sizeof items[0]);
        inside->history = histories[N + i];
        inside->decision = &decisions[N + i];
    }
    STATUS(plimsoll_hpa_decide_batch((struct plimsoll_hpa_batch_item *)(void *)block, 2, stride), OK);
    CHECK(((struct plimsoll_hpa_batch_item *)(void *)block)->status == OK && decisions[N].to == 7);
    CHECK(inside->status == PLIMSOLL_STATUS_OVERLAP && decisions[N + 1].to == 0);
    for (i = 0; i < N + 2; i += 1) {
        free(histories[i]);
    }
    free(block);
    free(one);
    free(other);
}

/* Older callers have shorter structs, newer ones longer; memory may be moved. */
static void releases(void)
{
    struct plimsoll_metric requests =
        metric(PLIMSOLL_SOURCE_EXTERNAL, "requests", PLIMSOLL_TARGET_KIND_AVERAGE_VALUE, 0, 100000);
    struct plimsoll_hpa_config config;
    struct {
        struct plimsoll_decision known;
        unsigned char more[16];
    } newer;
    struct plimsoll_history *history = history_of(PLIMSOLL_ROOM_USUAL), *moved;
    struct plimsoll_hpa *hpa;
    struct plimsoll_reading reading = reading_of(PLIMSOLL_READING_KIND_VALUES);
    struct plimsoll_observation seen = observed(0, 4, &reading, 1);
    int64_t value = 700000;
    size_t size = plimsoll_history_size(PLIMSOLL_ROOM_USUAL);
    char name[] = "requests";

    /* Everything behind metrics_stride is garbage, and is not looked at. */
    memset(&config, 0x77, sizeof config);
    config.struct_size = (uint32_t)offsetof(struct plimsoll_hpa_config, up);
    STATUS(plimsoll_hpa_config_defaults(&config), OK);
    CHECK(config.sync_period_ns == UINT64_C(0x7777777777777777));
    config.max_replicas = 20;
    requests.name = name;
    config.metrics = &requests;
    config.metrics_length = 1;
    config.metrics_stride = sizeof requests;
    hpa = policy_of(&config);
    config.struct_size -= 1;
    STATUS(plimsoll_hpa_init(hpa, plimsoll_hpa_size(), &config), PLIMSOLL_STATUS_STRUCT_SIZE);
    /* The policy has its own copy of the name. */
    memset(name, 'x', sizeof name);

    moved = (struct plimsoll_history *)room_for(size);
    memcpy(moved, history, size);
    free(history);
    reading.values_milli = &value;
    reading.values_length = 1;
    memset(&newer, 5, sizeof newer);
    newer.known.struct_size = (uint32_t)sizeof newer;
    STATUS(plimsoll_hpa_decide(hpa, moved, &seen, &newer.known, NULL, 0, NULL), OK);
    CHECK(newer.known.to == 7 && newer.known.struct_size == sizeof newer && newer.more[0] == 5);
    memset(&newer, 5, sizeof newer);
    newer.known.struct_size = (uint32_t)offsetof(struct plimsoll_decision, recommended);
    STATUS(plimsoll_hpa_decide(hpa, moved, &seen, &newer.known, NULL, 0, NULL), OK);
    CHECK(newer.known.to == 7 && newer.known.recommended == 0x05050505);
    free(moved);
    free(hpa);
}

int main(void)
{
    texts();
    sizes();
    configurations();
    pods();
    requests();
    usages();
    readings();
    pointers();
    steps_and_sentences();
    save_and_restore();
    conditions();
    outlook();
    batch();
    batch_of_policies();
    releases();
    printf("%d checks, %d failed\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
