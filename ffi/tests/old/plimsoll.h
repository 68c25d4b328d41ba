/* FROZEN: a header as an earlier release could have had it. Its structs end where the required fields end; never
 * follow a change of include/plimsoll.h here. tests/old/caller.c is compiled against it and linked with this build. */
#ifndef PLIMSOLL_H
#define PLIMSOLL_H

#include <stddef.h>
#include <stdint.h>

#define PLIMSOLL_HPA_BYTES 4096
#define PLIMSOLL_HISTORY_BYTES 1664
#define PLIMSOLL_STATUS_OK 0
#define PLIMSOLL_STATUS_STRUCT_SIZE 3
#define PLIMSOLL_SOURCE_RESOURCE 1
#define PLIMSOLL_SOURCE_EXTERNAL 5
#define PLIMSOLL_TARGET_KIND_AVERAGE_VALUE 2
#define PLIMSOLL_PROFILE_V1_37 137
#define PLIMSOLL_ROOM_USUAL 1
#define PLIMSOLL_READING_KIND_VALUES 4
#define PLIMSOLL_STEP_KIND_LIMITED 19

struct plimsoll_hpa;
struct plimsoll_history;
struct plimsoll_fold;
struct plimsoll_pod;
struct plimsoll_step;

struct plimsoll_metric {
  uint32_t struct_size;
  int32_t source;
  int32_t target;
  int32_t target_percent;
  int64_t target_milli;
  const char *name;
  size_t name_length;
};

struct plimsoll_rate_rule {
  uint32_t struct_size;
  int32_t kind;
  int32_t value;
  uint32_t reserved;
  uint64_t period_ns;
};

struct plimsoll_rules {
  uint32_t struct_size;
  int32_t select;
  const struct plimsoll_rate_rule *rates;
  size_t rates_length;
  size_t rates_stride;
};

struct plimsoll_hpa_config {
  uint32_t struct_size;
  int32_t min_replicas;
  int32_t max_replicas;
  int32_t profile;
  const struct plimsoll_metric *metrics;
  size_t metrics_length;
  size_t metrics_stride;
};

/* As plimsoll_hpa_config was a release later: behavior was appended. */
struct plimsoll_hpa_config_later {
  struct plimsoll_hpa_config earlier;
  const struct plimsoll_rules *up;
  const struct plimsoll_rules *down;
};

struct plimsoll_reading {
  uint32_t struct_size;
  int32_t kind;
  int64_t value_milli;
  int32_t error;
  int32_t request_error;
  uint32_t error_pod;
  uint32_t reserved;
  const struct plimsoll_pod *pods;
  size_t pods_length;
  size_t pods_stride;
  const int64_t *values_milli;
  size_t values_length;
  const struct plimsoll_fold *fold;
};

struct plimsoll_observation {
  uint32_t struct_size;
  uint32_t has_scale;
  int64_t now_ns;
  int32_t wanted_replicas;
  int32_t running_replicas;
  int32_t selector;
  uint32_t has_pods;
  uint32_t pods_listed;
  uint32_t pods_ready;
  const struct plimsoll_reading *readings;
  size_t readings_length;
  size_t readings_stride;
};

struct plimsoll_decision {
  uint32_t struct_size;
  int32_t from;
  int32_t to;
  int32_t last_word;
  int64_t at_ns;
  uint32_t has_revisit_at;
  uint32_t has_recommended;
  int64_t revisit_at_ns;
};

const char *plimsoll_status_str(int32_t status);
int32_t plimsoll_hpa_config_defaults(struct plimsoll_hpa_config *config);
int32_t plimsoll_hpa_init(struct plimsoll_hpa *hpa, size_t size, const struct plimsoll_hpa_config *config);
int32_t plimsoll_history_init(struct plimsoll_history *history, size_t size, int32_t room);
int32_t plimsoll_hpa_decide(const struct plimsoll_hpa *hpa, struct plimsoll_history *history,
                            const struct plimsoll_observation *observation, struct plimsoll_decision *decision,
                            struct plimsoll_step *steps, size_t steps_capacity, size_t *steps_length);
int32_t plimsoll_hpa_applied(const struct plimsoll_hpa *hpa, struct plimsoll_history *history,
                             const struct plimsoll_decision *decision, int32_t applied, int32_t replicas,
                             struct plimsoll_step *steps, size_t steps_capacity, size_t *steps_length);

#endif
