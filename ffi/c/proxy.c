/* Plimsoll inside a proxy: once in 15 s, how many backends should there be?
 *
 * The proxy knows its backends' load from the connections it holds; nothing else is asked. What begins with proxy_ is
 * the proxy's own, and here a little play: load comes, goes, and the proxy restarts in between.
 *
 *     cc -I include c/proxy.c -lplimsoll && ./a.out
 */
#include "plimsoll.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

/* One cluster of backends: its history, and the replicas that were asked for last. A policy serves any number. */
struct cluster {
    uint64_t history[(PLIMSOLL_HISTORY_BYTES + 7) / 8];
    int32_t replicas;
};

static int64_t proxy_open_connections(int64_t now_ns)
{
    return now_ns < 60 * SECOND ? 380 : now_ns < 120 * SECOND ? 910 : 150;
}

static int proxy_set_backends(struct cluster *cluster, int32_t replicas)
{
    cluster->replicas = replicas;
    return 1;
}

static void must(plimsoll_status status)
{
    if (status != PLIMSOLL_STATUS_OK) {
        fprintf(stderr, "plimsoll: %s\n", plimsoll_status_str(status));
        exit(1);
    }
}

/* 100 connections for each backend, 2 to 30 backends: all else as Kubernetes has it. */
static void make_policy(struct plimsoll_hpa *hpa, size_t size)
{
    static const char name[] = "connections";
    struct plimsoll_metric metric;
    struct plimsoll_hpa_config config;

    memset(&metric, 0, sizeof metric);
    metric.struct_size = sizeof metric;
    metric.source = PLIMSOLL_SOURCE_EXTERNAL;
    metric.target = PLIMSOLL_TARGET_KIND_AVERAGE_VALUE;
    metric.target_milli = 100000;
    metric.name = name;
    metric.name_length = sizeof name - 1;
    config.struct_size = sizeof config;
    must(plimsoll_hpa_config_defaults(&config));
    config.min_replicas = 2;
    config.max_replicas = 30;
    config.metrics = &metric;
    config.metrics_length = 1;
    config.metrics_stride = sizeof metric;
    must(plimsoll_hpa_init(hpa, size, &config));
}

static void sync_cluster(const struct plimsoll_hpa *hpa, struct cluster *cluster, int64_t now_ns)
{
    struct plimsoll_history *history = (struct plimsoll_history *)cluster->history;
    int64_t connections = 1000 * proxy_open_connections(now_ns);
    struct plimsoll_reading reading;
    struct plimsoll_observation seen;
    struct plimsoll_decision decision;
    struct plimsoll_step why;
    char words[256];
    size_t length;

    memset(&reading, 0, sizeof reading);
    reading.struct_size = sizeof reading;
    reading.kind = PLIMSOLL_READING_KIND_VALUES;
    reading.values_milli = &connections;
    reading.values_length = 1;
    memset(&seen, 0, sizeof seen);
    seen.struct_size = sizeof seen;
    seen.now_ns = now_ns;
    seen.has_scale = 1;
    seen.wanted_replicas = cluster->replicas;
    seen.running_replicas = cluster->replicas;
    seen.has_pods = 1; /* a proxy has none and needs none */
    seen.readings = &reading;
    seen.readings_length = 1;
    seen.readings_stride = sizeof reading;

    decision.struct_size = sizeof decision;
    why.struct_size = sizeof why; /* room for one step: the one with the last word */
    must(plimsoll_hpa_decide(hpa, history, &seen, &decision, &why, 1, &length));
    must(plimsoll_step_sentence(hpa, &why, words, sizeof words, &length));
    printf("%4" PRId64 " s  %2d -> %2d  %s\n", now_ns / SECOND, (int)decision.from, (int)decision.to, words);
    if (decision.from != decision.to) {
        int done = proxy_set_backends(cluster, decision.to);
        must(plimsoll_hpa_applied(hpa, history, &decision, done ? PLIMSOLL_APPLIED_DONE : PLIMSOLL_APPLIED_FAILED,
                                  decision.to, NULL, 0, NULL));
    }
}

int main(void)
{
    static uint64_t policy[(PLIMSOLL_HPA_BYTES + 7) / 8];
    static struct cluster cluster = {{0}, 3};
    static unsigned char file[4096]; /* what a proxy writes to disk before it ends */
    struct plimsoll_hpa *hpa = (struct plimsoll_hpa *)policy;
    struct plimsoll_history *history = (struct plimsoll_history *)cluster.history;
    size_t length;
    int64_t now;

    make_policy(hpa, sizeof policy);
    must(plimsoll_history_init(history, sizeof cluster.history, PLIMSOLL_ROOM_USUAL));
    must(plimsoll_hpa_fits(hpa, history));
    for (now = 0; now <= 450 * SECOND; now += 15 * SECOND) {
        if (now == 150 * SECOND) {
            must(plimsoll_history_save(history, file, sizeof file, &length));
            must(plimsoll_history_init(history, sizeof cluster.history, PLIMSOLL_ROOM_USUAL));
            must(plimsoll_history_restore(history, file, length));
            printf("       restarted, %zu bytes restored\n", length);
        }
        sync_cluster(hpa, &cluster, now);
    }
    return cluster.replicas == 2 ? 0 : 1;
}
