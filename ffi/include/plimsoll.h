/* Plimsoll: autoscaling decisions for C and C++.
 *
 * Made from ffi/src by the test `header`; see the crate's documentation for the conventions that all functions keep:
 * the caller owns all memory; structs begin with struct_size = sizeof; outputs are written only on PLIMSOLL_STATUS_OK.
 */

#ifndef PLIMSOLL_H
#define PLIMSOLL_H

#include <stddef.h>
#include <stdint.h>

#define PLIMSOLL_VERSION "0.1.0"

/**
 * Room for the bytes of a history: an hour of recommendations at one sync in 15 s, four minutes at one a second.
 */
#define PLIMSOLL_HISTORY_BYTES 2992

/**
 * What a call came to. The numbers are never used for anything else.
 */
enum plimsoll_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The answer was written.
   */
  PLIMSOLL_STATUS_OK = 0,
  /**
   * A pointer is NULL.
   */
  PLIMSOLL_STATUS_NULL_POINTER = 1,
  /**
   * A pointer is not aligned for its type.
   */
  PLIMSOLL_STATUS_MISALIGNED = 2,
  /**
   * A `struct_size` is smaller than the struct, or was never set.
   */
  PLIMSOLL_STATUS_STRUCT_SIZE = 3,
  /**
   * A number is outside its documented range.
   */
  PLIMSOLL_STATUS_OUT_OF_RANGE = 4,
  /**
   * The window at this period needs more recommendations than a history has room for.
   */
  PLIMSOLL_STATUS_CAPACITY = 5,
  /**
   * The bytes of the history are none, or were changed.
   */
  PLIMSOLL_STATUS_BAD_HISTORY = 6,
  /**
   * Sums cannot give the exact answer: several missing pods and a target above 100 %.
   */
  PLIMSOLL_STATUS_INEXACT = 7,
  /**
   * A defect of the library.
   */
  PLIMSOLL_STATUS_INTERNAL = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_status plimsoll_status;
#else
typedef int32_t plimsoll_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a step says. The numbers are never used for anything else.
 */
enum plimsoll_step
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The clock ran back.
   */
  PLIMSOLL_STEP_CLOCK_WENT_BACK = 1,
  /**
   * A second sync at the same time.
   */
  PLIMSOLL_STEP_CLOCK_STOOD = 2,
  /**
   * Nothing that was remembered counts any more.
   */
  PLIMSOLL_STEP_LONG_GAP = 3,
  /**
   * The history was full: older entries were merged.
   */
  PLIMSOLL_STEP_HISTORY_FULL = 4,
  /**
   * The first sync: the current number counts as a recommendation.
   */
  PLIMSOLL_STEP_SEEDED = 5,
  /**
   * The scale could not be read.
   */
  PLIMSOLL_STEP_SCALE_UNREAD = 6,
  /**
   * Zero replicas: off.
   */
  PLIMSOLL_STEP_DISABLED = 7,
  /**
   * More replicas than the most: lowered at once.
   */
  PLIMSOLL_STEP_ABOVE_MAX = 8,
  /**
   * Fewer replicas than the fewest: raised at once.
   */
  PLIMSOLL_STEP_BELOW_MIN = 9,
  /**
   * The selector cannot be used.
   */
  PLIMSOLL_STEP_SELECTOR_UNUSABLE = 10,
  /**
   * The pods could not be listed.
   */
  PLIMSOLL_STEP_PODS_UNLISTED = 11,
  /**
   * A metric gave a number.
   */
  PLIMSOLL_STEP_PROPOSED = 12,
  /**
   * A metric failed.
   */
  PLIMSOLL_STEP_METRIC_FAILED = 13,
  /**
   * The metrics' number stands.
   */
  PLIMSOLL_STEP_RECOMMENDED = 14,
  /**
   * No number can be computed: nothing changes.
   */
  PLIMSOLL_STEP_UNKNOWABLE = 15,
  /**
   * Some metrics failed.
   */
  PLIMSOLL_STEP_PARTLY_FAILED = 16,
  /**
   * A window holds the number.
   */
  PLIMSOLL_STEP_STABILIZED = 17,
  /**
   * The window was not watched from end to end yet.
   */
  PLIMSOLL_STEP_COLD_HELD = 18,
  /**
   * A bound or a rate cut the number.
   */
  PLIMSOLL_STEP_LIMITED = 19,
  /**
   * Raised to the fewest from zero.
   */
  PLIMSOLL_STEP_LIFTED_FROM_ZERO = 20,
  /**
   * The scale was written.
   */
  PLIMSOLL_STEP_RESCALED = 21,
  /**
   * The scale could not be written.
   */
  PLIMSOLL_STEP_RESCALE_FAILED = 22,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_step plimsoll_step;
#else
typedef int32_t plimsoll_step;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * One sync of a Kubernetes HPA with one Resource metric, a utilization target and no `behavior`, for hosts that know
 * their pods by sums.
 *
 * Amounts are in thousandths of the resource's unit (1500 = 1.5 cores). A pod counts in exactly one of the three
 * groups: ready (its usage is known), missing (it runs, its usage is not known), unready (not running yet, or its
 * usage says nothing yet). Pods that failed or are being deleted count in none.
 */
struct plimsoll_hpa_sums {
  /**
   * `sizeof(struct plimsoll_hpa_sums)`.
   */
  uint32_t struct_size;
  /**
   * The fewest replicas, 0 or more.
   */
  int32_t min_replicas;
  /**
   * The most replicas, at least 1 and `min_replicas`.
   */
  int32_t max_replicas;
  /**
   * Wanted usage in percent of the requests, 1 or more; above 100 only with at most one missing pod, since what
   * stands in for a missing pod is then rounded pod by pod.
   */
  int32_t target_percent;
  /**
   * How far usage over target may be from 1 without a change, 0 or more; Kubernetes: 0.1.
   */
  double tolerance;
  /**
   * How long a higher recommendation holds a scale-down, in nanoseconds; Kubernetes: 300000000000.
   */
  uint64_t downscale_window_ns;
  /**
   * The time between two syncs, in nanoseconds, 1 or more; Kubernetes: 15000000000. Only the room that the history
   * needs depends on it.
   */
  uint64_t sync_period_ns;
  /**
   * The time, in nanoseconds from any origin that stays the same for one history.
   */
  int64_t now_ns;
  /**
   * Replicas that the target is asked to have now, 0 or more; at 0 scaling is off, and stays so.
   */
  int32_t replicas;
  /**
   * Ready pods.
   */
  uint32_t ready_pods;
  /**
   * Missing pods; with `unready_pods` at most 1048576.
   */
  uint32_t missing_pods;
  /**
   * Unready pods.
   */
  uint32_t unready_pods;
  /**
   * What the ready pods use together; 0 when there are none, as the sums below.
   */
  int64_t ready_usage_milli;
  /**
   * What the ready pods request together, 0 to `INT64_MAX / 100`, as the two below.
   */
  int64_t ready_request_milli;
  /**
   * What the missing pods request together.
   */
  int64_t missing_request_milli;
  /**
   * What the unready pods request together.
   */
  int64_t unready_request_milli;
};

/**
 * All that is remembered of one workload. Set `struct_size`, and `length` to 0, before its first sync; save and
 * restore the first `length` of `bytes`, in the format of a snapshot, to survive a restart.
 */
struct plimsoll_history {
  /**
   * `sizeof(struct plimsoll_history)`.
   */
  uint32_t struct_size;
  /**
   * Bytes in use; 0 = nothing is remembered.
   */
  uint32_t length;
  /**
   * The snapshot. The bytes after it mean nothing.
   */
  uint8_t bytes[PLIMSOLL_HISTORY_BYTES];
};

/**
 * What was decided.
 */
struct plimsoll_decision {
  /**
   * `sizeof(struct plimsoll_decision)`; set it before the call.
   */
  uint32_t struct_size;
  /**
   * Replicas asked for before.
   */
  int32_t from;
  /**
   * Replicas to ask for; the scale is to be written when this is not `from`.
   */
  int32_t to;
  /**
   * What had the last word: a number of `enum plimsoll_step`. New ones may be added.
   */
  int32_t last_word;
  /**
   * 1 when `recommended` was computed, else 0.
   */
  uint32_t has_recommended;
  /**
   * What the usage asks for, before window and limits.
   */
  int32_t recommended;
  /**
   * 1 when time alone could change the answer, else 0.
   */
  uint32_t has_revisit_at;
  /**
   * Always 0.
   */
  uint32_t reserved;
  /**
   * The earliest moment at which it could, on the clock of `now_ns`; 0 when it could not.
   */
  int64_t revisit_at_ns;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library, as text that is never freed. Compare it with `PLIMSOLL_VERSION`.
 */
const char *plimsoll_version(void);

/**
 * A status in words, as text that is never freed; never NULL, also for numbers that are no status.
 */
const char *plimsoll_status_str(int32_t status);

/**
 * Decides one sync from sums, and moves the history. `history` and `out` are written only when the status is
 * `PLIMSOLL_STATUS_OK`. O(missing and unready pods + recommendations remembered).
 *
 * # Safety
 * Each pointer that is not NULL or misaligned points to `struct_size` bytes that this call may read and, but for
 * `in`, write; the three do not overlap.
 */
plimsoll_status plimsoll_hpa_decide_sums(const struct plimsoll_hpa_sums *in,
                                         struct plimsoll_history *history,
                                         struct plimsoll_decision *out);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PLIMSOLL_H */
