/* The workloads of benches/src/bin/crossings.rs as a host in C keeps them. */
#ifndef FLEET_H
#define FLEET_H

#include <stdint.h>

enum { FLEET = 64 };

struct fleet;

/* NULL when something was refused. Never freed: the program ends with it. */
struct fleet *fleet_new(int pods);
/* The sum of the replicas decided; -1 when something was refused. */
int64_t fleet_sync(struct fleet *fleet, int64_t now_ns);
/* The same in one call. */
int64_t fleet_sync_batch(struct fleet *fleet, int64_t now_ns);
/* Nanoseconds that this process had a processor: the collector of Go works in threads of its own, and counts. */
int64_t busy_ns(void);

#endif
