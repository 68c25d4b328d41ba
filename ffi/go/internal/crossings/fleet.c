#include "fleet.h"

#include "../../plimsoll.h"

#include <stdlib.h>
#include <time.h>

enum { MOST_PODS = 10 };

struct fleet {
    struct plimsoll_hpa *policy;
    struct plimsoll_history *histories[FLEET];
    struct plimsoll_pod pods[FLEET][MOST_PODS];
    int64_t values[FLEET];
    struct plimsoll_reading readings[FLEET];
    struct plimsoll_observation seen[FLEET];
    struct plimsoll_decision decisions[FLEET];
    struct plimsoll_hpa_batch_item items[FLEET];
};

static struct plimsoll_hpa *policy_new(int pods)
{
    struct plimsoll_metric metric = {
        .struct_size = sizeof metric,
        .source = pods ? PLIMSOLL_SOURCE_RESOURCE : PLIMSOLL_SOURCE_EXTERNAL,
        .target = pods ? PLIMSOLL_TARGET_KIND_UTILIZATION : PLIMSOLL_TARGET_KIND_AVERAGE_VALUE,
        .target_percent = 60,
        .target_milli = 100000,
        .name = pods ? "cpu" : "messages",
        .name_length = pods ? 3 : 8,
    };
    struct plimsoll_hpa_config config = { .struct_size = sizeof config };
    struct plimsoll_hpa *policy = malloc(plimsoll_hpa_size());
    if (policy == NULL || plimsoll_hpa_config_defaults(&config) != PLIMSOLL_STATUS_OK) {
        return NULL;
    }
    config.max_replicas = 100;
    config.metrics = &metric;
    config.metrics_length = 1;
    config.metrics_stride = sizeof metric;
    return plimsoll_hpa_init(policy, plimsoll_hpa_size(), &config) == PLIMSOLL_STATUS_OK ? policy : NULL;
}

struct fleet *fleet_new(int pods)
{
    struct fleet *fleet = calloc(1, sizeof *fleet);
    if (fleet == NULL || pods > MOST_PODS || (fleet->policy = policy_new(pods)) == NULL) {
        return NULL;
    }
    for (int i = 0; i < FLEET; i += 1) {
        size_t size = plimsoll_history_size(PLIMSOLL_ROOM_USUAL);
        fleet->histories[i] = malloc(size);
        if (fleet->histories[i] == NULL ||
            plimsoll_history_init(fleet->histories[i], size, PLIMSOLL_ROOM_USUAL) != PLIMSOLL_STATUS_OK) {
            return NULL;
        }
        for (int pod = 0; pod < pods; pod += 1) {
            fleet->pods[i][pod] = (struct plimsoll_pod){
                .struct_size = sizeof(struct plimsoll_pod),
                .phase = PLIMSOLL_PHASE_RUNNING,
                .ready = PLIMSOLL_READY_TRUE,
                .has_started = 1,
                .started_ns = INT64_MIN,
                .has_sample = 1,
                .sample_milli = 200 + (i * 37 + pod * 101) % 900,
                .request_milli = 1000,
            };
        }
        fleet->values[i] = 1000 * (200 + i * 37 % 900);
        fleet->readings[i] = (struct plimsoll_reading){
            .struct_size = sizeof fleet->readings[i],
            .kind = pods ? PLIMSOLL_READING_KIND_PODS : PLIMSOLL_READING_KIND_VALUES,
            .pods = fleet->pods[i],
            .pods_length = (size_t)pods,
            .pods_stride = sizeof(struct plimsoll_pod),
            .values_milli = &fleet->values[i],
            .values_length = pods ? 0 : 1,
        };
        fleet->seen[i] = (struct plimsoll_observation){
            .struct_size = sizeof fleet->seen[i],
            .has_scale = 1,
            .wanted_replicas = 3 + i % 8,
            .running_replicas = 3 + i % 8,
            .has_pods = 1,
            .pods_listed = (uint32_t)pods,
            .pods_ready = (uint32_t)pods,
            .readings = &fleet->readings[i],
            .readings_length = 1,
            .readings_stride = sizeof fleet->readings[i],
        };
        fleet->decisions[i].struct_size = sizeof fleet->decisions[i];
        fleet->items[i] = (struct plimsoll_hpa_batch_item){
            .struct_size = sizeof fleet->items[i],
            .policy = fleet->policy,
            .history = fleet->histories[i],
            .observation = &fleet->seen[i],
            .decision = &fleet->decisions[i],
        };
    }
    return fleet;
}

int64_t fleet_sync(struct fleet *fleet, int64_t now_ns)
{
    int64_t sum = 0;
    for (int i = 0; i < FLEET; i += 1) {
        fleet->seen[i].now_ns = now_ns;
        if (plimsoll_hpa_decide(fleet->policy, fleet->histories[i], &fleet->seen[i], &fleet->decisions[i], NULL, 0,
                                NULL) != PLIMSOLL_STATUS_OK) {
            return -1;
        }
        sum += fleet->decisions[i].to;
    }
    return sum;
}

int64_t fleet_sync_batch(struct fleet *fleet, int64_t now_ns)
{
    int64_t sum = 0;
    for (int i = 0; i < FLEET; i += 1) {
        fleet->seen[i].now_ns = now_ns;
    }
    if (plimsoll_hpa_decide_batch(fleet->items, FLEET, sizeof fleet->items[0]) != PLIMSOLL_STATUS_OK) {
        return -1;
    }
    for (int i = 0; i < FLEET; i += 1) {
        if (fleet->items[i].status != PLIMSOLL_STATUS_OK) {
            return -1;
        }
        sum += fleet->decisions[i].to;
    }
    return sum;
}

int64_t busy_ns(void)
{
    struct timespec spent;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (int64_t)spent.tv_sec * 1000000000 + spent.tv_nsec;
}
