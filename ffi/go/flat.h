/* Calls from Go in which its memory holds no pointers. Memory of Go that C looks at may point only to what is pinned,
 * and pinning costs more than a decision. Here lists have counts instead: what belongs to the first workload comes first
 * in each, then what belongs to the second, and so on. */
#ifndef PLIMSOLL_FLAT_H
#define PLIMSOLL_FLAT_H

#include "plimsoll.h"

/* Workloads in one call. Their readings stand on the stack of C, 30 kB of them. */
enum { FLAT_MOST = 16 };
enum { FLAT_FOLD_WORDS = PLIMSOLL_FOLD_BYTES / 8 };

struct flat_reading {
    int32_t kind;
    int32_t error;
    int32_t request_error;
    uint32_t error_pod;
    int64_t value_milli;
    /* Entries of the lists of pods and values; a reading of the kind fold has one of the list of folds. */
    size_t pods;
    size_t values;
};

struct flat_observation {
    int64_t now_ns;
    int32_t wanted_replicas;
    int32_t running_replicas;
    int32_t selector;
    uint32_t has_scale;
    uint32_t has_pods;
    uint32_t pods_listed;
    uint32_t pods_ready;
    /* Entries of the list of readings, at most PLIMSOLL_MOST_METRICS. */
    uint32_t readings;
};

struct flat_lists {
    const struct flat_observation *seen;
    const struct flat_reading *readings;
    const struct plimsoll_pod *pods;
    const int64_t *values;
    const uint64_t *folds;
};

struct flat_workload {
    const uint64_t *policy;
    uint64_t *history;
    size_t steps_capacity;
};

struct flat_workloads {
    struct flat_workload list[FLAT_MOST];
};

struct flat_result {
    plimsoll_status status;
    size_t steps_length;
};

/* The next observation of the lists. */
static inline struct plimsoll_observation flat_observe(struct flat_lists *next, struct plimsoll_reading *readings)
{
    const struct flat_observation *flat = next->seen++;
    struct plimsoll_observation seen = {
        .struct_size = sizeof seen,
        .has_scale = flat->has_scale,
        .now_ns = flat->now_ns,
        .wanted_replicas = flat->wanted_replicas,
        .running_replicas = flat->running_replicas,
        .selector = flat->selector,
        .has_pods = flat->has_pods,
        .pods_listed = flat->pods_listed,
        .pods_ready = flat->pods_ready,
        .readings = readings,
        .readings_length = flat->readings,
        .readings_stride = sizeof *readings,
    };
    for (uint32_t i = 0; i < flat->readings; i += 1) {
        const struct flat_reading *reading = next->readings++;
        readings[i] = (struct plimsoll_reading){
            .struct_size = sizeof readings[i],
            .kind = reading->kind,
            .value_milli = reading->value_milli,
            .error = reading->error,
            .request_error = reading->request_error,
            .error_pod = reading->error_pod,
            .pods = next->pods,
            .pods_length = reading->pods,
            .pods_stride = sizeof *next->pods,
            .values_milli = next->values,
            .values_length = reading->values,
            .fold = (const struct plimsoll_fold *)next->folds,
        };
        next->pods += reading->pods;
        next->values += reading->values;
        next->folds += reading->kind == PLIMSOLL_READING_KIND_FOLD ? FLAT_FOLD_WORDS : 0;
    }
    return seen;
}

static inline plimsoll_status flat_decide(struct flat_workload one, struct flat_lists lists,
                                          struct plimsoll_decision *decision, struct plimsoll_step *steps,
                                          size_t *steps_length)
{
    struct plimsoll_reading readings[PLIMSOLL_MOST_METRICS];
    struct plimsoll_observation seen = flat_observe(&lists, readings);
    return plimsoll_hpa_decide((const struct plimsoll_hpa *)one.policy, (struct plimsoll_history *)one.history, &seen,
                               decision, steps, one.steps_capacity, steps_length);
}

static inline plimsoll_status flat_decide_batch(struct flat_workloads workloads, size_t length, struct flat_lists lists,
                                                struct plimsoll_decision *decisions, struct plimsoll_step *steps,
                                                struct flat_result *results)
{
    struct plimsoll_reading readings[FLAT_MOST * PLIMSOLL_MOST_METRICS];
    struct plimsoll_observation seen[FLAT_MOST];
    struct plimsoll_hpa_batch_item items[FLAT_MOST];
    size_t first = 0;
    for (size_t i = 0; i < length; i += 1) {
        const struct flat_workload *one = &workloads.list[i];
        seen[i] = flat_observe(&lists, &readings[first]);
        first += seen[i].readings_length;
        items[i] = (struct plimsoll_hpa_batch_item){
            .struct_size = sizeof items[i],
            .policy = (const struct plimsoll_hpa *)one->policy,
            .history = (struct plimsoll_history *)one->history,
            .observation = &seen[i],
            .decision = &decisions[i],
            .steps = steps,
            .steps_capacity = one->steps_capacity,
        };
        steps += one->steps_capacity;
    }
    plimsoll_status status = plimsoll_hpa_decide_batch(items, length, sizeof items[0]);
    for (size_t i = 0; i < length; i += 1) {
        results[i] = (struct flat_result){ items[i].status, items[i].steps_length };
    }
    return status;
}

static inline plimsoll_status flat_outlook(const uint64_t *policy, uint32_t metric, struct flat_lists lists,
                                           struct plimsoll_outlook *outlook)
{
    struct plimsoll_reading readings[PLIMSOLL_MOST_METRICS];
    struct plimsoll_observation seen = flat_observe(&lists, readings);
    return plimsoll_hpa_outlook((const struct plimsoll_hpa *)policy, metric, &seen, outlook);
}

#endif
