/* A program that was compiled long ago. Every struct stands before a wall that must not be touched. */
#include "plimsoll.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static int failures = 0;

static void check(int holds, const char *what)
{
    if (!holds) {
        failures += 1;
        fprintf(stderr, "does not hold: %s\n", what);
    }
}

int main(void)
{
    static uint64_t hpa_memory[PLIMSOLL_HPA_BYTES / 8], history_memory[PLIMSOLL_HISTORY_BYTES / 8];
    struct plimsoll_hpa *hpa = (struct plimsoll_hpa *)hpa_memory;
    struct plimsoll_history *history = (struct plimsoll_history *)history_memory;
    struct {
        struct plimsoll_hpa_config_later config;
        uint64_t wall[16];
    } made;
    struct {
        struct plimsoll_decision decision;
        uint64_t wall[16];
    } out;
    struct plimsoll_metric metric;
    struct plimsoll_rate_rule rate;
    struct plimsoll_rules rules;
    struct plimsoll_reading reading;
    struct plimsoll_observation seen;
    int64_t value = 900000;
    size_t i;

    memset(&metric, 0, sizeof metric);
    metric.struct_size = sizeof metric;
    metric.source = PLIMSOLL_SOURCE_EXTERNAL;
    metric.target = PLIMSOLL_TARGET_KIND_AVERAGE_VALUE;
    metric.target_milli = 100000;
    metric.name = "requests";
    metric.name_length = 8;
    memset(&made, 0xee, sizeof made);
    memset(&out, 0xee, sizeof out);
    made.config.earlier.struct_size = sizeof made.config.earlier;
    check(plimsoll_hpa_config_defaults(&made.config.earlier) == PLIMSOLL_STATUS_OK, "defaults");
    check(made.config.earlier.profile == PLIMSOLL_PROFILE_V1_37 && made.config.earlier.min_replicas == 1, "their values");
    made.config.earlier.max_replicas = 20;
    made.config.earlier.metrics = &metric;
    made.config.earlier.metrics_length = 1;
    made.config.earlier.metrics_stride = sizeof metric;
    check(plimsoll_hpa_init(hpa, sizeof hpa_memory, &made.config.earlier) == PLIMSOLL_STATUS_OK, "a policy");
    check(plimsoll_history_init(history, sizeof history_memory, PLIMSOLL_ROOM_USUAL) == PLIMSOLL_STATUS_OK,
          "a history in as much memory as the old header sets aside");

    memset(&reading, 0, sizeof reading);
    reading.struct_size = sizeof reading;
    reading.kind = PLIMSOLL_READING_KIND_VALUES;
    reading.values_milli = &value;
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
    out.decision.struct_size = sizeof out.decision;
    check(plimsoll_hpa_decide(hpa, history, &seen, &out.decision, NULL, 0, NULL) == PLIMSOLL_STATUS_OK, "a decision");
    /* Without behavior: the default that the missing fields have. */
    check(out.decision.to == 8 && out.decision.last_word == PLIMSOLL_STEP_KIND_LIMITED, "twice the current number");

    /* The same a release later, with rules whose window and tolerance were not known yet. */
    memset(&rate, 0, sizeof rate);
    rate.struct_size = sizeof rate;
    rate.kind = 1;
    rate.value = 1;
    rate.period_ns = (uint64_t)(60 * SECOND);
    memset(&rules, 0, sizeof rules);
    rules.struct_size = sizeof rules;
    rules.rates = &rate;
    rules.rates_length = 1;
    rules.rates_stride = sizeof rate;
    made.config.earlier.struct_size = sizeof made.config;
    made.config.up = &rules;
    made.config.down = &rules;
    check(plimsoll_hpa_init(hpa, sizeof hpa_memory, &made.config.earlier) == PLIMSOLL_STATUS_OK, "a policy with behavior");
    seen.now_ns = 15 * SECOND;
    check(plimsoll_hpa_decide(hpa, history, &seen, &out.decision, NULL, 0, NULL) == PLIMSOLL_STATUS_OK, "a decision");
    check(out.decision.to == 5, "one more in a minute");
    check(plimsoll_hpa_applied(hpa, history, &out.decision, 1, 5, NULL, 0, NULL) == PLIMSOLL_STATUS_OK, "applied");

    /* Older than any release. */
    made.config.earlier.struct_size = sizeof made.config.earlier - sizeof(size_t);
    check(plimsoll_hpa_init(hpa, sizeof hpa_memory, &made.config.earlier) == PLIMSOLL_STATUS_STRUCT_SIZE, "too short");
    for (i = 0; i < 16; i += 1) {
        check(made.wall[i] == UINT64_C(0xeeeeeeeeeeeeeeee) && out.wall[i] == made.wall[i], "the wall stands");
    }
    return failures == 0 ? 0 : 1;
}
