/* Plimsoll: autoscaling decisions for C and C++.
 *
 * Made from ffi/src by the test `header`. Conventions that all functions keep:
 *
 * - The caller owns all memory: ask for _size and _align, hand it to _init. Nothing is allocated, kept or freed, and
 *   pointers are not looked at after the call.
 * - Structs begin with struct_size = sizeof. Of a shorter struct (an older header) the missing fields have their
 *   documented default, or are not written; of a longer one (a newer header) the known beginning is used.
 * - Outputs are written only on PLIMSOLL_STATUS_OK. NULL, misaligned, overlapping, too short, not initialised or out
 *   of range is a status of its own.
 * - Numbers of enums travel as int32_t; yes and no as uint32_t of 1 and 0; moments as nanoseconds from any origin that
 *   stays the same for one history; amounts in thousandths of their unit (1500 = 1.5 cores).
 * - No global state: calls may run at the same time unless they share memory that one of them writes.
 */

#ifndef PLIMSOLL_H
#define PLIMSOLL_H

#include <stddef.h>
#include <stdint.h>

#define PLIMSOLL_VERSION "0.1.0"

/**
 * The most metrics of a policy.
 */
#define PLIMSOLL_MOST_METRICS 16

/**
 * The most rate rules of a policy in one direction.
 */
#define PLIMSOLL_MOST_RATE_RULES 16

/**
 * Room for the names of all metrics and containers of a policy together, in bytes.
 */
#define PLIMSOLL_NAME_BYTES 2048

/**
 * The most conditions of a history.
 */
#define PLIMSOLL_MOST_CONDITIONS 4

/**
 * Memory that a policy takes in this release at most, for hosts that set it aside when they are compiled; it wants the
 * alignment of a `uint64_t`.
 */
#define PLIMSOLL_HPA_BYTES 4096

/**
 * The same for a history with `PLIMSOLL_ROOM_USUAL`.
 */
#define PLIMSOLL_HISTORY_BYTES 1664

/**
 * The same for a history with `PLIMSOLL_ROOM_LONGEST`.
 */
#define PLIMSOLL_HISTORY_LONGEST_BYTES 10240

/**
 * The same for a history with `PLIMSOLL_ROOM_LONGEST_BY_SECONDS`.
 */
#define PLIMSOLL_HISTORY_LONGEST_BY_SECONDS_BYTES 147456

/**
 * The same for a fold.
 */
#define PLIMSOLL_FOLD_BYTES 256

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
   * A pointer, or the stride of an array, is not aligned for its type.
   */
  PLIMSOLL_STATUS_MISALIGNED = 2,
  /**
   * A `struct_size` is smaller than any release's struct, was never set, or is greater than the stride.
   */
  PLIMSOLL_STATUS_STRUCT_SIZE = 3,
  /**
   * A number is outside its documented range.
   */
  PLIMSOLL_STATUS_OUT_OF_RANGE = 4,
  /**
   * A history has room for fewer entries than are needed.
   */
  PLIMSOLL_STATUS_CAPACITY = 5,
  /**
   * The bytes of a saved history are none, or were changed.
   */
  PLIMSOLL_STATUS_BAD_HISTORY = 6,
  /**
   * A defect of the library. A history that was being moved may have been moved in part: restore or restart it.
   */
  PLIMSOLL_STATUS_INTERNAL = 8,
  /**
   * Two structs of a call overlap, and one of them is written.
   */
  PLIMSOLL_STATUS_OVERLAP = 9,
  /**
   * Memory or a buffer is too small.
   */
  PLIMSOLL_STATUS_NO_ROOM = 10,
  /**
   * The memory was not initialised by this release of the library, or was overwritten.
   */
  PLIMSOLL_STATUS_NOT_INITIALIZED = 11,
  /**
   * More metrics, rate rules or bytes of names than a policy holds.
   */
  PLIMSOLL_STATUS_TOO_MANY = 12,
  /**
   * There is no metric, or no rate rule in a direction of a behavior.
   */
  PLIMSOLL_STATUS_EMPTY = 13,
  /**
   * This kind of metric does not take this kind of target.
   */
  PLIMSOLL_STATUS_WRONG_TARGET = 14,
  /**
   * A text is not UTF-8.
   */
  PLIMSOLL_STATUS_BAD_TEXT = 15,
  /**
   * The policy has no metric of that number.
   */
  PLIMSOLL_STATUS_NO_SUCH_METRIC = 16,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_status plimsoll_status;
#else
typedef int32_t plimsoll_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The release of Kubernetes that is answered like.
 */
enum plimsoll_profile
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * 1.32 and earlier.
   */
  PLIMSOLL_PROFILE_V1_32 = 132,
  /**
   * 1.33.
   */
  PLIMSOLL_PROFILE_V1_33 = 133,
  /**
   * 1.34.
   */
  PLIMSOLL_PROFILE_V1_34 = 134,
  /**
   * 1.35.
   */
  PLIMSOLL_PROFILE_V1_35 = 135,
  /**
   * 1.36.
   */
  PLIMSOLL_PROFILE_V1_36 = 136,
  /**
   * 1.37.
   */
  PLIMSOLL_PROFILE_V1_37 = 137,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_profile plimsoll_profile;
#else
typedef int32_t plimsoll_profile;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Whether a feature gate is on.
 */
enum plimsoll_gate
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * As in the release that is answered like.
   */
  PLIMSOLL_GATE_DEFAULT = 0,
  /**
   * On, where that release has the gate.
   */
  PLIMSOLL_GATE_ON = 1,
  /**
   * Off, where that release has the gate.
   */
  PLIMSOLL_GATE_OFF = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_gate plimsoll_gate;
#else
typedef int32_t plimsoll_gate;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a history that knows nothing yet allows.
 */
enum plimsoll_cold_start
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * As upstream: the current number counts as a recommendation.
   */
  PLIMSOLL_COLD_START_SEED = 0,
  /**
   * Nothing moves in a direction before that direction's window was watched from end to end.
   */
  PLIMSOLL_COLD_START_HOLD_UNTIL_WINDOW_FILLED = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_cold_start plimsoll_cold_start;
#else
typedef int32_t plimsoll_cold_start;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Where a metric comes from.
 */
enum plimsoll_source
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * CPU, memory, … of whole pods.
   */
  PLIMSOLL_SOURCE_RESOURCE = 1,
  /**
   * The same, of one container in each pod.
   */
  PLIMSOLL_SOURCE_CONTAINER_RESOURCE = 2,
  /**
   * A custom metric with one value per pod.
   */
  PLIMSOLL_SOURCE_PODS = 3,
  /**
   * A custom metric of one object.
   */
  PLIMSOLL_SOURCE_OBJECT = 4,
  /**
   * A metric from outside the cluster: a list of values that are added up.
   */
  PLIMSOLL_SOURCE_EXTERNAL = 5,
  /**
   * A type that this release does not know; always fails.
   */
  PLIMSOLL_SOURCE_UNKNOWN = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_source plimsoll_source;
#else
typedef int32_t plimsoll_source;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a metric is compared with.
 */
enum plimsoll_target_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Percent of the pods' requests: `target_percent`.
   */
  PLIMSOLL_TARGET_KIND_UTILIZATION = 1,
  /**
   * A value per pod: `target_milli`.
   */
  PLIMSOLL_TARGET_KIND_AVERAGE_VALUE = 2,
  /**
   * A value of the whole: `target_milli`.
   */
  PLIMSOLL_TARGET_KIND_VALUE = 3,
  /**
   * A manifest that names one kind of target and sets another; always fails.
   */
  PLIMSOLL_TARGET_KIND_UNUSABLE = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_target_kind plimsoll_target_kind;
#else
typedef int32_t plimsoll_target_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a rate rule counts.
 */
enum plimsoll_rate_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * A number of pods.
   */
  PLIMSOLL_RATE_KIND_PODS = 1,
  /**
   * Percent of the replicas at the beginning of the period; may be above 100.
   */
  PLIMSOLL_RATE_KIND_PERCENT = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_rate_kind plimsoll_rate_kind;
#else
typedef int32_t plimsoll_rate_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Which of several rate rules counts.
 */
enum plimsoll_select
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The one that allows the most change.
   */
  PLIMSOLL_SELECT_MAX = 0,
  /**
   * The one that allows the least change.
   */
  PLIMSOLL_SELECT_MIN = 1,
  /**
   * None: no change in this direction.
   */
  PLIMSOLL_SELECT_DISABLED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_select plimsoll_select;
#else
typedef int32_t plimsoll_select;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How much a history has room for.
 */
enum plimsoll_room
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * 24 recommendations, 24 changes a direction: windows and periods up to 330 s at a sync in 15 s.
   */
  PLIMSOLL_ROOM_USUAL = 1,
  /**
   * 242 and 122: the longest that Kubernetes allows, an hour and half an hour, at a sync in 15 s.
   */
  PLIMSOLL_ROOM_LONGEST = 2,
  /**
   * 3602 and 1802: the longest that Kubernetes allows, at a sync a second.
   */
  PLIMSOLL_ROOM_LONGEST_BY_SECONDS = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_room plimsoll_room;
#else
typedef int32_t plimsoll_room;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The phase of a pod.
 */
enum plimsoll_phase
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Not running yet.
   */
  PLIMSOLL_PHASE_PENDING = 1,
  /**
   * Running.
   */
  PLIMSOLL_PHASE_RUNNING = 2,
  /**
   * Ended well; an ordinary pod to the HPA.
   */
  PLIMSOLL_PHASE_SUCCEEDED = 3,
  /**
   * Ended badly.
   */
  PLIMSOLL_PHASE_FAILED = 4,
  /**
   * Not known; an ordinary pod to the HPA.
   */
  PLIMSOLL_PHASE_UNKNOWN = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_phase plimsoll_phase;
#else
typedef int32_t plimsoll_phase;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The status of a pod's Ready condition; 0 = the pod has no such condition.
 */
enum plimsoll_ready
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Ready.
   */
  PLIMSOLL_READY_TRUE = 1,
  /**
   * Not ready.
   */
  PLIMSOLL_READY_FALSE = 2,
  /**
   * Not known; counts as ready.
   */
  PLIMSOLL_READY_UNKNOWN = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_ready plimsoll_ready;
#else
typedef int32_t plimsoll_ready;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why a pod's request is not known; 0 = it is known.
 */
enum plimsoll_request_error
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * A container has none.
   */
  PLIMSOLL_REQUEST_ERROR_MISSING = 1,
  /**
   * Requests are set at the pod's level, and none is to be had for this resource.
   */
  PLIMSOLL_REQUEST_ERROR_MISSING_POD_LEVEL = 2,
  /**
   * The metric's container is not in the pod.
   */
  PLIMSOLL_REQUEST_ERROR_NO_CONTAINER = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_request_error plimsoll_request_error;
#else
typedef int32_t plimsoll_request_error;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a pod counts as.
 */
enum plimsoll_pod_class
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Its sample counts.
   */
  PLIMSOLL_POD_CLASS_READY = 1,
  /**
   * No sample: assumed to stand at its request (going down) or at 0 (going up).
   */
  PLIMSOLL_POD_CLASS_MISSING = 2,
  /**
   * Unready: its phase is Pending.
   */
  PLIMSOLL_POD_CLASS_PENDING = 3,
  /**
   * Unready: it has no Ready condition, or no start time.
   */
  PLIMSOLL_POD_CLASS_NO_CONDITION = 4,
  /**
   * Unready: not ready, and still in its initialization period.
   */
  PLIMSOLL_POD_CLASS_STARTING = 5,
  /**
   * Unready: its sample is from before it was ready, still in its initialization period.
   */
  PLIMSOLL_POD_CLASS_SAMPLE_TOO_EARLY = 6,
  /**
   * Unready: not ready, and never was since it started.
   */
  PLIMSOLL_POD_CLASS_NEVER_READY = 7,
  /**
   * Ignored: it is being deleted.
   */
  PLIMSOLL_POD_CLASS_DELETED = 8,
  /**
   * Ignored: it has failed.
   */
  PLIMSOLL_POD_CLASS_FAILED = 9,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_pod_class plimsoll_pod_class;
#else
typedef int32_t plimsoll_pod_class;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Whether the target's selector can be used.
 */
enum plimsoll_selector
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * It selects pods of this target only.
   */
  PLIMSOLL_SELECTOR_USABLE = 0,
  /**
   * The scale has none.
   */
  PLIMSOLL_SELECTOR_MISSING = 1,
  /**
   * It does not parse.
   */
  PLIMSOLL_SELECTOR_UNPARSABLE = 2,
  /**
   * A pod it selects is selected by another HPA's target too.
   */
  PLIMSOLL_SELECTOR_AMBIGUOUS = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_selector plimsoll_selector;
#else
typedef int32_t plimsoll_selector;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What was read for one metric.
 */
enum plimsoll_reading_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Nothing; the metric fails.
   */
  PLIMSOLL_READING_KIND_NONE = 0,
  /**
   * Pods and their samples, as an array: `pods`, and in `values_milli` samples whose pod is not among them.
   */
  PLIMSOLL_READING_KIND_PODS = 1,
  /**
   * Pods and their samples, added one by one to a fold: `fold`.
   */
  PLIMSOLL_READING_KIND_FOLD = 2,
  /**
   * One value: `value_milli`. Object.
   */
  PLIMSOLL_READING_KIND_VALUE = 3,
  /**
   * Several values: `values_milli`. External.
   */
  PLIMSOLL_READING_KIND_VALUES = 4,
  /**
   * It could not be read: `error`.
   */
  PLIMSOLL_READING_KIND_FAILED = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_reading_kind plimsoll_reading_kind;
#else
typedef int32_t plimsoll_reading_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why a metric gave no proposal; 0 = it gave one.
 */
enum plimsoll_metric_error
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The metrics API failed, or answered with nothing.
   */
  PLIMSOLL_METRIC_ERROR_UNAVAILABLE = 1,
  /**
   * The value was no finite number.
   */
  PLIMSOLL_METRIC_ERROR_NOT_A_NUMBER = 2,
  /**
   * The host gave no reading, or one of another kind.
   */
  PLIMSOLL_METRIC_ERROR_NO_READING = 3,
  /**
   * The pods could not be listed.
   */
  PLIMSOLL_METRIC_ERROR_PODS_UNLISTED = 4,
  /**
   * There are no pods.
   */
  PLIMSOLL_METRIC_ERROR_NO_PODS = 5,
  /**
   * No pod that counts has a sample.
   */
  PLIMSOLL_METRIC_ERROR_NO_SAMPLES = 6,
  /**
   * A pod's request is not known: `request_error` has why, `error_pod` which pod.
   */
  PLIMSOLL_METRIC_ERROR_REQUEST = 7,
  /**
   * The container is missing in a pod's sample (1.32).
   */
  PLIMSOLL_METRIC_ERROR_NO_CONTAINER_IN_SAMPLE = 8,
  /**
   * No sample belongs to a pod with a request.
   */
  PLIMSOLL_METRIC_ERROR_NOTHING_MATCHED = 9,
  /**
   * The manifest names one kind of target and sets another.
   */
  PLIMSOLL_METRIC_ERROR_UNUSABLE_TARGET = 10,
  /**
   * A type of metric that is not known.
   */
  PLIMSOLL_METRIC_ERROR_UNKNOWN_SOURCE = 11,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_metric_error plimsoll_metric_error;
#else
typedef int32_t plimsoll_metric_error;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The error that a sync ends with; 0 = none.
 */
enum plimsoll_sync_error
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The scale could not be read.
   */
  PLIMSOLL_SYNC_ERROR_SCALE_UNREAD = 1,
  /**
   * No number could be computed: the selector, the pods, or too many metrics failed.
   */
  PLIMSOLL_SYNC_ERROR_UNKNOWABLE = 2,
  /**
   * Some metrics failed; the sync went on.
   */
  PLIMSOLL_SYNC_ERROR_PARTLY_FAILED = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_sync_error plimsoll_sync_error;
#else
typedef int32_t plimsoll_sync_error;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The reason that upstream gives in its event when it rescales.
 */
enum plimsoll_rescale_reason
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * No text: the metrics ask for the current number.
   */
  PLIMSOLL_RESCALE_REASON_NONE = 0,
  /**
   * More than the most.
   */
  PLIMSOLL_RESCALE_REASON_ABOVE_MAX = 1,
  /**
   * Fewer than the fewest.
   */
  PLIMSOLL_RESCALE_REASON_BELOW_MIN = 2,
  /**
   * The metric `rescale_metric` is above its target.
   */
  PLIMSOLL_RESCALE_REASON_METRIC_ABOVE = 3,
  /**
   * All metrics are below their targets.
   */
  PLIMSOLL_RESCALE_REASON_ALL_BELOW = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_rescale_reason plimsoll_rescale_reason;
#else
typedef int32_t plimsoll_rescale_reason;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What the host did with a decision.
 */
enum plimsoll_applied
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The scale was written.
   */
  PLIMSOLL_APPLIED_DONE = 1,
  /**
   * The scale could not be written.
   */
  PLIMSOLL_APPLIED_FAILED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_applied plimsoll_applied;
#else
typedef int32_t plimsoll_applied;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a step says. The numbers are never used for anything else.
 */
enum plimsoll_step_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The clock ran back, from `last_ns` to `now_ns`.
   */
  PLIMSOLL_STEP_KIND_CLOCK_WENT_BACK = 1,
  /**
   * A second sync at the same time, `now_ns`.
   */
  PLIMSOLL_STEP_KIND_CLOCK_STOOD = 2,
  /**
   * Nothing that was remembered at `last_ns` counts any more at `now_ns`.
   */
  PLIMSOLL_STEP_KIND_LONG_GAP = 3,
  /**
   * The history was full: older entries were merged.
   */
  PLIMSOLL_STEP_KIND_HISTORY_FULL = 4,
  /**
   * The first sync: the current number, `to`, counts as a recommendation.
   */
  PLIMSOLL_STEP_KIND_SEEDED = 5,
  /**
   * The scale could not be read.
   */
  PLIMSOLL_STEP_KIND_SCALE_UNREAD = 6,
  /**
   * Zero replicas: off.
   */
  PLIMSOLL_STEP_KIND_DISABLED = 7,
  /**
   * More replicas than the most: lowered at once, `from`, `to`.
   */
  PLIMSOLL_STEP_KIND_ABOVE_MAX = 8,
  /**
   * Fewer replicas than the fewest: raised at once, `from`, `to`.
   */
  PLIMSOLL_STEP_KIND_BELOW_MIN = 9,
  /**
   * The selector cannot be used: `selector`.
   */
  PLIMSOLL_STEP_KIND_SELECTOR_UNUSABLE = 10,
  /**
   * The pods could not be listed.
   */
  PLIMSOLL_STEP_KIND_PODS_UNLISTED = 11,
  /**
   * `metric` asks for `to`: `basis`, `ratio`, `reported`, and what was read, from `pods_listed` on.
   */
  PLIMSOLL_STEP_KIND_PROPOSED = 12,
  /**
   * `metric` failed: `source`, `error`, `request_error`, `error_pod`.
   */
  PLIMSOLL_STEP_KIND_METRIC_FAILED = 13,
  /**
   * The metrics' number stands: `metric` asks for the most, `to`; `from` = replicas now.
   */
  PLIMSOLL_STEP_KIND_RECOMMENDED = 14,
  /**
   * No number can be computed: `metrics_failed` of `metrics`; nothing changes.
   */
  PLIMSOLL_STEP_KIND_UNKNOWABLE = 15,
  /**
   * `metrics_failed` of `metrics`; the others ask for no fewer replicas than there are.
   */
  PLIMSOLL_STEP_KIND_PARTLY_FAILED = 16,
  /**
   * A window holds the number: `direction`, `by`, `from`, `to`, `until_ns`.
   */
  PLIMSOLL_STEP_KIND_STABILIZED = 17,
  /**
   * The window was not watched from end to end yet: `from`, `to`, `until_ns`.
   */
  PLIMSOLL_STEP_KIND_COLD_HELD = 18,
  /**
   * A bound or a rate cut the number: `from`, `to`, `limit`, and with `has_rate` the rule's part, from `rate_kind` on.
   */
  PLIMSOLL_STEP_KIND_LIMITED = 19,
  /**
   * Raised to the fewest, `to`, from zero.
   */
  PLIMSOLL_STEP_KIND_LIFTED_FROM_ZERO = 20,
  /**
   * The scale was written: `from`, `to`.
   */
  PLIMSOLL_STEP_KIND_RESCALED = 21,
  /**
   * The scale could not be written: `from`, `to`.
   */
  PLIMSOLL_STEP_KIND_RESCALE_FAILED = 22,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_step_kind plimsoll_step_kind;
#else
typedef int32_t plimsoll_step_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * When a container runs.
 */
enum plimsoll_container_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * With the pod.
   */
  PLIMSOLL_CONTAINER_KIND_MAIN = 1,
  /**
   * Before the pod, to its end.
   */
  PLIMSOLL_CONTAINER_KIND_INIT = 2,
  /**
   * An init container with restartPolicy Always: it starts before the pod and runs with it.
   */
  PLIMSOLL_CONTAINER_KIND_SIDECAR = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_container_kind plimsoll_container_kind;
#else
typedef int32_t plimsoll_container_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Which rule gave a proposal.
 */
enum plimsoll_basis
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The ratio is close enough to 1: the number stays.
   */
  PLIMSOLL_BASIS_WITHIN_TOLERANCE = 1,
  /**
   * Ratio times the ready pods.
   */
  PLIMSOLL_BASIS_READY_PODS = 2,
  /**
   * Ratio, with missing and unready pods filled in, times the samples then held.
   */
  PLIMSOLL_BASIS_FILLED_IN = 3,
  /**
   * With missing and unready pods filled in the ratio is close enough to 1, or on the other side of it.
   */
  PLIMSOLL_BASIS_FILLED_IN_HOLDS = 4,
  /**
   * With missing and unready pods filled in the number would move against the ratio.
   */
  PLIMSOLL_BASIS_FILLED_IN_OPPOSES = 5,
  /**
   * From zero replicas: the ratio itself.
   */
  PLIMSOLL_BASIS_FROM_ZERO = 6,
  /**
   * Total over target per pod.
   */
  PLIMSOLL_BASIS_PER_POD = 7,
  /**
   * The average per running pod is close enough to the target: the pods running.
   */
  PLIMSOLL_BASIS_RUNNING_PODS = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_basis plimsoll_basis;
#else
typedef int32_t plimsoll_basis;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Up or down.
 */
enum plimsoll_direction
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * More replicas.
   */
  PLIMSOLL_DIRECTION_UP = 1,
  /**
   * Fewer replicas.
   */
  PLIMSOLL_DIRECTION_DOWN = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_direction plimsoll_direction;
#else
typedef int32_t plimsoll_direction;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a cut says.
 */
enum plimsoll_limit
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Nothing was cut.
   */
  PLIMSOLL_LIMIT_DESIRED_WITHIN_RANGE = 1,
  /**
   * Raised to the fewest.
   */
  PLIMSOLL_LIMIT_TOO_FEW_REPLICAS = 2,
  /**
   * Lowered to the most.
   */
  PLIMSOLL_LIMIT_TOO_MANY_REPLICAS = 3,
  /**
   * The rate of growing.
   */
  PLIMSOLL_LIMIT_SCALE_UP_LIMIT = 4,
  /**
   * The rate of shrinking.
   */
  PLIMSOLL_LIMIT_SCALE_DOWN_LIMIT = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_limit plimsoll_limit;
#else
typedef int32_t plimsoll_limit;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a condition is about; `plimsoll_condition_kind_str` has the API's names.
 */
enum plimsoll_condition_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The scale can be read and written.
   */
  PLIMSOLL_CONDITION_KIND_ABLE_TO_SCALE = 1,
  /**
   * Replicas can be computed.
   */
  PLIMSOLL_CONDITION_KIND_SCALING_ACTIVE = 2,
  /**
   * A bound or a rate cut the number.
   */
  PLIMSOLL_CONDITION_KIND_SCALING_LIMITED = 3,
  /**
   * The HPA itself scaled to zero.
   */
  PLIMSOLL_CONDITION_KIND_SCALED_TO_ZERO = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_condition_kind plimsoll_condition_kind;
#else
typedef int32_t plimsoll_condition_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why a condition is as it is; `plimsoll_reason_str` has the API's names.
 */
enum plimsoll_reason
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The scale could not be read.
   */
  PLIMSOLL_REASON_FAILED_GET_SCALE = 1,
  /**
   * The scale could be read.
   */
  PLIMSOLL_REASON_SUCCEEDED_GET_SCALE = 2,
  /**
   * The scale could not be written.
   */
  PLIMSOLL_REASON_FAILED_UPDATE_SCALE = 3,
  /**
   * The scale was written.
   */
  PLIMSOLL_REASON_SUCCEEDED_RESCALE = 4,
  /**
   * No window holds the number.
   */
  PLIMSOLL_REASON_READY_FOR_NEW_SCALE = 5,
  /**
   * A higher recommendation of the window holds the number.
   */
  PLIMSOLL_REASON_SCALE_DOWN_STABILIZED = 6,
  /**
   * A lower recommendation of the window holds the number.
   */
  PLIMSOLL_REASON_SCALE_UP_STABILIZED = 7,
  /**
   * Zero replicas: off.
   */
  PLIMSOLL_REASON_SCALING_DISABLED = 8,
  /**
   * The selector is missing or does not parse.
   */
  PLIMSOLL_REASON_INVALID_SELECTOR = 9,
  /**
   * The selector selects pods of another HPA.
   */
  PLIMSOLL_REASON_AMBIGUOUS_SELECTOR = 10,
  /**
   * A Resource metric failed.
   */
  PLIMSOLL_REASON_FAILED_GET_RESOURCE_METRIC = 11,
  /**
   * A ContainerResource metric failed.
   */
  PLIMSOLL_REASON_FAILED_GET_CONTAINER_RESOURCE_METRIC = 12,
  /**
   * A Pods metric failed.
   */
  PLIMSOLL_REASON_FAILED_GET_PODS_METRIC = 13,
  /**
   * An Object metric failed.
   */
  PLIMSOLL_REASON_FAILED_GET_OBJECT_METRIC = 14,
  /**
   * An External metric failed.
   */
  PLIMSOLL_REASON_FAILED_GET_EXTERNAL_METRIC = 15,
  /**
   * The type of metric is not known.
   */
  PLIMSOLL_REASON_INVALID_METRIC_SOURCE_TYPE = 16,
  /**
   * A metric gave a number.
   */
  PLIMSOLL_REASON_VALID_METRIC_FOUND = 17,
  /**
   * Nothing was cut.
   */
  PLIMSOLL_REASON_DESIRED_WITHIN_RANGE = 18,
  /**
   * Raised to the fewest.
   */
  PLIMSOLL_REASON_TOO_FEW_REPLICAS = 19,
  /**
   * Lowered to the most.
   */
  PLIMSOLL_REASON_TOO_MANY_REPLICAS = 20,
  /**
   * Cut by the rate upward.
   */
  PLIMSOLL_REASON_SCALE_UP_LIMIT = 21,
  /**
   * Cut by the rate downward.
   */
  PLIMSOLL_REASON_SCALE_DOWN_LIMIT = 22,
  /**
   * The HPA itself scaled to zero.
   */
  PLIMSOLL_REASON_SCALED_TO_ZERO = 23,
  /**
   * It did not.
   */
  PLIMSOLL_REASON_NOT_SCALED_TO_ZERO = 24,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum plimsoll_reason plimsoll_reason;
#else
typedef int32_t plimsoll_reason;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The pods of one metric in one sync, in memory of the caller: `plimsoll_fold_size` bytes, aligned to
 * `plimsoll_fold_align`.
 */
struct plimsoll_fold;

/**
 * All that is remembered of one workload, in memory of the caller: `plimsoll_history_size` bytes, aligned to
 * `plimsoll_history_align`. It holds no pointers and may be moved with memcpy.
 */
struct plimsoll_history;

/**
 * A policy, in memory of the caller: `plimsoll_hpa_size` bytes, aligned to `plimsoll_hpa_align`. It holds copies of
 * all that it was made from and no pointers: it may be moved with memcpy, and read by several threads at once.
 */
struct plimsoll_hpa;

/**
 * One metric of a policy. Required: all up to `name_length`; a metric without a container has none.
 */
struct plimsoll_metric {
  /**
   * `sizeof(struct plimsoll_metric)`.
   */
  uint32_t struct_size;
  /**
   * A number of `enum plimsoll_source`.
   */
  int32_t source;
  /**
   * A number of `enum plimsoll_target_kind`.
   */
  int32_t target;
  /**
   * For a utilization: percent of the requests, 1 or more.
   */
  int32_t target_percent;
  /**
   * For the others: thousandths of the unit, 1 or more.
   */
  int64_t target_milli;
  /**
   * The name, UTF-8 without an end mark: of the resource (`cpu` and `memory` mean something), or of the metric.
   */
  const char *name;
  /**
   * Its length in bytes.
   */
  size_t name_length;
  /**
   * For a ContainerResource the container's name; not looked at for the others.
   */
  const char *container;
  /**
   * Its length in bytes.
   */
  size_t container_length;
};

/**
 * At most so much change in any period.
 */
struct plimsoll_rate_rule {
  /**
   * `sizeof(struct plimsoll_rate_rule)`.
   */
  uint32_t struct_size;
  /**
   * A number of `enum plimsoll_rate_kind`.
   */
  int32_t kind;
  /**
   * How much, 1 or more.
   */
  int32_t value;
  /**
   * Not looked at.
   */
  uint32_t reserved;
  /**
   * The period, 1 s to 30 min.
   */
  uint64_t period_ns;
};

/**
 * The rules of one direction of a behavior, after defaulting. Required: all up to `rates_stride`.
 */
struct plimsoll_rules {
  /**
   * `sizeof(struct plimsoll_rules)`.
   */
  uint32_t struct_size;
  /**
   * A number of `enum plimsoll_select`.
   */
  int32_t select;
  /**
   * Rate rules, 1 to `PLIMSOLL_MOST_RATE_RULES`.
   */
  const struct plimsoll_rate_rule *rates;
  /**
   * How many.
   */
  size_t rates_length;
  /**
   * Bytes from one to the next; `sizeof(struct plimsoll_rate_rule)` in a plain array.
   */
  size_t rates_stride;
  /**
   * 1 = `window_ns` is given; 0 = upward none, downward the controller's. Default: 0.
   */
  uint32_t has_window;
  /**
   * 1 = `tolerance` is given; 0 = the controller's. Default: 0.
   */
  uint32_t has_tolerance;
  /**
   * The stabilization window, at most an hour.
   */
  uint64_t window_ns;
  /**
   * The tolerance, 0 or more.
   */
  double tolerance;
};

/**
 * What a policy is made from. `plimsoll_hpa_config_defaults` fills it. Required: all up to `metrics_stride`; all else
 * has a default.
 */
struct plimsoll_hpa_config {
  /**
   * `sizeof(struct plimsoll_hpa_config)`.
   */
  uint32_t struct_size;
  /**
   * The fewest replicas, 0 or more. Default: 1.
   */
  int32_t min_replicas;
  /**
   * The most replicas, at least 1 and `min_replicas`. No default.
   */
  int32_t max_replicas;
  /**
   * A number of `enum plimsoll_profile`. Default: 1.37.
   */
  int32_t profile;
  /**
   * Metrics, 1 to `PLIMSOLL_MOST_METRICS`.
   */
  const struct plimsoll_metric *metrics;
  /**
   * How many.
   */
  size_t metrics_length;
  /**
   * Bytes from one to the next; `sizeof(struct plimsoll_metric)` in a plain array.
   */
  size_t metrics_stride;
  /**
   * The behavior upward; given together with `down`, or NULL. Default: NULL.
   */
  const struct plimsoll_rules *up;
  /**
   * The behavior downward. Default: NULL.
   */
  const struct plimsoll_rules *down;
  /**
   * Not looked at.
   */
  size_t reserved;
  /**
   * The time between two syncs, 1 or more. Only the room that a history needs depends on it. Default: 15 s.
   */
  uint64_t sync_period_ns;
  /**
   * The window downward where none is given. Default: 300 s.
   */
  uint64_t downscale_window_ns;
  /**
   * How long after its start a pod's CPU is judged by its sample's window. Default: 300 s.
   */
  uint64_t cpu_initialization_period_ns;
  /**
   * How soon after its start an unready pod counts as never having been ready. Default: 30 s.
   */
  uint64_t initial_readiness_delay_ns;
  /**
   * How far a ratio may be from 1 without a change, 0 or more. Default: 0.1.
   */
  double tolerance;
  /**
   * The gate HPAScaleToZero, a number of `enum plimsoll_gate`. Default: the release's.
   */
  int32_t scale_to_zero;
  /**
   * The gate HPAConfigurableTolerance. Default: the release's.
   */
  int32_t own_tolerances;
  /**
   * The gate PodLevelResources. Default: the release's.
   */
  int32_t pod_level_requests;
  /**
   * A number of `enum plimsoll_cold_start`. Default: `PLIMSOLL_COLD_START_SEED`.
   */
  int32_t cold_start;
  /**
   * 1 = an average of an Object or External metric that is within tolerance holds the replicas wanted; upstream
   * proposes the replicas running. Default: 0.
   */
  uint32_t mend_on_target;
  /**
   * 1 = a Pods rule whose sum passes 2^31-1 allows 2^31-1; upstream wraps. Default: 0.
   */
  uint32_t mend_pods_rule;
};

/**
 * One pod as a metric sees it.
 */
struct plimsoll_pod {
  /**
   * `sizeof(struct plimsoll_pod)`.
   */
  uint32_t struct_size;
  /**
   * A number of `enum plimsoll_phase`.
   */
  int32_t phase;
  /**
   * 1 = it is being deleted.
   */
  uint32_t deleted;
  /**
   * Its Ready condition, a number of `enum plimsoll_ready`; 0 = it has none.
   */
  int32_t ready;
  /**
   * 1 = it has a start time, `started_ns`.
   */
  uint32_t has_started;
  /**
   * 1 = it is known when its Ready condition last changed, `ready_since_ns`; 0 = long ago.
   */
  uint32_t has_ready_since;
  /**
   * 1 = it has a sample: `sample_milli`, `sampled_at_ns`, `sample_window_ns`. Missing is not 0.
   */
  uint32_t has_sample;
  /**
   * 0 = `request_milli` is known; else why not, a number of `enum plimsoll_request_error`. Only utilization targets
   * look at it.
   */
  int32_t request_error;
  /**
   * When it started.
   */
  int64_t started_ns;
  /**
   * When its Ready condition last changed.
   */
  int64_t ready_since_ns;
  /**
   * What it used, in thousandths of the unit.
   */
  int64_t sample_milli;
  /**
   * When that was sampled.
   */
  int64_t sampled_at_ns;
  /**
   * The time that the sample is an average of.
   */
  uint64_t sample_window_ns;
  /**
   * What it requests.
   */
  int64_t request_milli;
};

/**
 * What was read for one metric. Only what `kind` names is looked at.
 */
struct plimsoll_reading {
  /**
   * `sizeof(struct plimsoll_reading)`.
   */
  uint32_t struct_size;
  /**
   * A number of `enum plimsoll_reading_kind`.
   */
  int32_t kind;
  /**
   * The value, in thousandths of the unit.
   */
  int64_t value_milli;
  /**
   * A number of `enum plimsoll_metric_error`.
   */
  int32_t error;
  /**
   * For `PLIMSOLL_METRIC_ERROR_REQUEST`: a number of `enum plimsoll_request_error`.
   */
  int32_t request_error;
  /**
   * For `PLIMSOLL_METRIC_ERROR_REQUEST`: which pod, from 0.
   */
  uint32_t error_pod;
  /**
   * Not looked at.
   */
  uint32_t reserved;
  /**
   * Pods.
   */
  const struct plimsoll_pod *pods;
  /**
   * How many.
   */
  size_t pods_length;
  /**
   * Bytes from one to the next; `sizeof(struct plimsoll_pod)` in a plain array.
   */
  size_t pods_stride;
  /**
   * Values in thousandths of the unit, in order.
   */
  const int64_t *values_milli;
  /**
   * How many.
   */
  size_t values_length;
  /**
   * A fold of this metric at this time.
   */
  const struct plimsoll_fold *fold;
};

/**
 * Everything one sync looks at. All that it points to is read before anything is written.
 */
struct plimsoll_observation {
  /**
   * `sizeof(struct plimsoll_observation)`.
   */
  uint32_t struct_size;
  /**
   * 1 = the scale could be read: `wanted_replicas`, `running_replicas`.
   */
  uint32_t has_scale;
  /**
   * The time, in nanoseconds from any origin that stays the same for one history. The only time there is.
   */
  int64_t now_ns;
  /**
   * `spec.replicas`: how many are asked for, 0 or more.
   */
  int32_t wanted_replicas;
  /**
   * `status.replicas`: how many exist, 0 or more. Only averages per pod of Object and External metrics look at it.
   */
  int32_t running_replicas;
  /**
   * A number of `enum plimsoll_selector`.
   */
  int32_t selector;
  /**
   * 1 = the pods could be listed, or the host has none and needs none: `pods_listed`, `pods_ready`.
   */
  uint32_t has_pods;
  /**
   * Pods that match the selector, in any phase.
   */
  uint32_t pods_listed;
  /**
   * Those Running with Ready = True, also when they are being deleted.
   */
  uint32_t pods_ready;
  /**
   * A reading for each metric of the policy, in its order; a missing one fails.
   */
  const struct plimsoll_reading *readings;
  /**
   * How many.
   */
  size_t readings_length;
  /**
   * Bytes from one to the next; `sizeof(struct plimsoll_reading)` in a plain array.
   */
  size_t readings_stride;
  /**
   * Not looked at.
   */
  size_t reserved;
};

/**
 * What was decided. Required: all up to `revisit_at_ns`.
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
   * What had the last word: a number of `enum plimsoll_step_kind`. New ones may be added.
   */
  int32_t last_word;
  /**
   * The moment of the decision.
   */
  int64_t at_ns;
  /**
   * 1 = time alone could change the answer; 0 = only another observation can.
   */
  uint32_t has_revisit_at;
  /**
   * 1 = `recommended` was computed.
   */
  uint32_t has_recommended;
  /**
   * The earliest moment at which time alone could change the answer, on the clock of `now_ns`.
   */
  int64_t revisit_at_ns;
  /**
   * What the metrics ask for, before windows and limits.
   */
  int32_t recommended;
  /**
   * 1 = `winner` asks for the most.
   */
  uint32_t has_winner;
  /**
   * The number of that metric, from 0.
   */
  uint32_t winner;
  /**
   * 1 = `stabilized` was computed.
   */
  uint32_t has_stabilized;
  /**
   * After the windows.
   */
  int32_t stabilized;
  /**
   * The error that the sync ends with, a number of `enum plimsoll_sync_error`; 0 = none.
   */
  int32_t error;
  /**
   * A number of `enum plimsoll_rescale_reason`.
   */
  int32_t rescale_reason;
  /**
   * The metric that it is about, from 0.
   */
  uint32_t rescale_metric;
  /**
   * How many steps there were, also those that found no room.
   */
  uint32_t steps;
  /**
   * Always 0.
   */
  uint32_t reserved;
};

/**
 * What a status reports of a metric. A part of other structs, and of this size for ever.
 */
struct plimsoll_reported {
  /**
   * 1 = `utilization` is reported.
   */
  uint32_t has_utilization;
  /**
   * Whole percent of the requests.
   */
  int32_t utilization;
  /**
   * 1 = `average_milli` is reported.
   */
  uint32_t has_average;
  /**
   * 1 = `value_milli` is reported.
   */
  uint32_t has_value;
  /**
   * Thousandths per pod.
   */
  int64_t average_milli;
  /**
   * Thousandths of the whole.
   */
  int64_t value_milli;
};

/**
 * One step of a decision: why. What a kind of step does not name is 0. Before a call set `struct_size` of the first
 * record of an array; it is then set in all that are written.
 */
struct plimsoll_step {
  /**
   * `sizeof(struct plimsoll_step)`, and bytes from one record to the next.
   */
  uint32_t struct_size;
  /**
   * A number of `enum plimsoll_step_kind`. New ones may be added.
   */
  int32_t kind;
  /**
   * The metric, from 0.
   */
  uint32_t metric;
  /**
   * Replicas before.
   */
  int32_t from;
  /**
   * Replicas after.
   */
  int32_t to;
  /**
   * The recommendation that holds.
   */
  int32_t by;
  /**
   * A number of `enum plimsoll_direction`.
   */
  int32_t direction;
  /**
   * A number of `enum plimsoll_selector`.
   */
  int32_t selector;
  /**
   * A number of `enum plimsoll_source`.
   */
  int32_t source;
  /**
   * A number of `enum plimsoll_metric_error`.
   */
  int32_t error;
  /**
   * A number of `enum plimsoll_request_error`.
   */
  int32_t request_error;
  /**
   * The pod that an error is about, from 0.
   */
  uint32_t error_pod;
  /**
   * Metrics that failed.
   */
  uint32_t metrics_failed;
  /**
   * Metrics of the policy.
   */
  uint32_t metrics;
  /**
   * A number of `enum plimsoll_limit`.
   */
  int32_t limit;
  /**
   * A number of `enum plimsoll_basis`.
   */
  int32_t basis;
  /**
   * Time of this sync.
   */
  int64_t now_ns;
  /**
   * Time of the sync before.
   */
  int64_t last_ns;
  /**
   * Until when it holds.
   */
  int64_t until_ns;
  /**
   * What was read over what was wanted.
   */
  double ratio;
  /**
   * What the status reports.
   */
  struct plimsoll_reported reported;
  /**
   * Pods of the target; 0 when the metric is not read from pods.
   */
  uint32_t pods_listed;
  /**
   * Pods whose sample counts.
   */
  uint32_t pods_ready;
  /**
   * Pods without a sample.
   */
  uint32_t pods_missing;
  /**
   * Samples without a pod.
   */
  uint32_t unlisted;
  /**
   * Pods left out, see `enum plimsoll_pod_class`.
   */
  uint32_t pending;
  /**
   * The same.
   */
  uint32_t no_condition;
  /**
   * The same.
   */
  uint32_t starting;
  /**
   * The same.
   */
  uint32_t sample_too_early;
  /**
   * The same.
   */
  uint32_t never_ready;
  /**
   * The same.
   */
  uint32_t deleted;
  /**
   * The same.
   */
  uint32_t failed;
  /**
   * 1 = there are rate rules in this direction.
   */
  uint32_t has_rate;
  /**
   * The rule, a number of `enum plimsoll_rate_kind`; 0 = the direction is disabled.
   */
  int32_t rate_kind;
  /**
   * How much it allows.
   */
  int32_t rate_value;
  /**
   * The replicas that its period began with.
   */
  int32_t rate_start;
  /**
   * The most or fewest replicas that it allows.
   */
  int32_t rate_replicas;
  /**
   * 1 = `eases_at_ns` is known.
   */
  uint32_t has_eases_at;
  /**
   * 1 = `stands_until_ns` is known.
   */
  uint32_t has_stands_until;
  /**
   * Its period.
   */
  uint64_t rate_period_ns;
  /**
   * When the oldest change that the rule counts leaves its period.
   */
  int64_t eases_at_ns;
  /**
   * When the first of all changes that any rule counts leaves its period.
   */
  int64_t stands_until_ns;
};

/**
 * One workload of a batch: the arguments of `plimsoll_hpa_decide`, and what it came to.
 */
struct plimsoll_hpa_batch_item {
  /**
   * `sizeof(struct plimsoll_hpa_batch_item)`.
   */
  uint32_t struct_size;
  /**
   * Out: a number of `enum plimsoll_status`.
   */
  int32_t status;
  /**
   * The policy; items may share it.
   */
  const struct plimsoll_hpa *policy;
  /**
   * The history; each workload has its own.
   */
  struct plimsoll_history *history;
  /**
   * The observation.
   */
  const struct plimsoll_observation *observation;
  /**
   * Out: the decision.
   */
  struct plimsoll_decision *decision;
  /**
   * Out: steps, or NULL.
   */
  struct plimsoll_step *steps;
  /**
   * Room for steps.
   */
  size_t steps_capacity;
  /**
   * Out: steps written.
   */
  size_t steps_length;
  /**
   * Not looked at.
   */
  size_t reserved;
};

/**
 * At which readings a metric would ask for another number of replicas than there are, all else being equal.
 */
struct plimsoll_outlook {
  /**
   * `sizeof(struct plimsoll_outlook)`; set it before the call.
   */
  uint32_t struct_size;
  /**
   * 1 = some reading asks for more.
   */
  uint32_t has_up;
  /**
   * 1 = some reading asks for less.
   */
  uint32_t has_down;
  /**
   * What the nearest reading that asks for more asks for.
   */
  int32_t up_replicas;
  /**
   * What the nearest reading that asks for less asks for.
   */
  int32_t down_replicas;
  /**
   * Always 0.
   */
  uint32_t reserved;
  /**
   * The total of that reading, upward: of the ready pods' samples, or the value.
   */
  int64_t up_total_milli;
  /**
   * The same downward.
   */
  int64_t down_total_milli;
  /**
   * The reading upward as the status would report it.
   */
  struct plimsoll_reported up;
  /**
   * The same downward.
   */
  struct plimsoll_reported down;
};

/**
 * One condition of the HPA's status. Before a call set `struct_size` of the first of an array.
 */
struct plimsoll_condition {
  /**
   * `sizeof(struct plimsoll_condition)`, and bytes from one to the next.
   */
  uint32_t struct_size;
  /**
   * A number of `enum plimsoll_condition_kind`.
   */
  int32_t kind;
  /**
   * 1 = it holds.
   */
  uint32_t status;
  /**
   * A number of `enum plimsoll_reason`.
   */
  int32_t reason;
  /**
   * 1 = it is known when its status last changed.
   */
  uint32_t has_since;
  /**
   * Always 0.
   */
  uint32_t reserved;
  /**
   * When its status last changed.
   */
  int64_t since_ns;
};

/**
 * One container of a pod, for one resource.
 */
struct plimsoll_container {
  /**
   * `sizeof(struct plimsoll_container)`.
   */
  uint32_t struct_size;
  /**
   * A number of `enum plimsoll_container_kind`.
   */
  int32_t kind;
  /**
   * Its name, UTF-8 without an end mark.
   */
  const char *name;
  /**
   * Its length in bytes.
   */
  size_t name_length;
  /**
   * 1 = it requests `request_milli`; 0 = nothing is set.
   */
  uint32_t has_request;
  /**
   * Not looked at.
   */
  uint32_t reserved;
  /**
   * What it requests.
   */
  int64_t request_milli;
};

/**
 * What is set for a whole pod, for one resource.
 */
struct plimsoll_pod_level {
  /**
   * `sizeof(struct plimsoll_pod_level)`.
   */
  uint32_t struct_size;
  /**
   * 1 = requests are set at the pod's level, for this or another supported resource.
   */
  uint32_t set;
  /**
   * 1 = `request_milli` is set for this resource.
   */
  uint32_t has_request;
  /**
   * 1 = `overhead_milli` is set for this resource.
   */
  uint32_t has_overhead;
  /**
   * The request at the pod's level.
   */
  int64_t request_milli;
  /**
   * The overhead.
   */
  int64_t overhead_milli;
};

/**
 * What one container of a pod was seen to use, of one resource.
 */
struct plimsoll_container_usage {
  /**
   * `sizeof(struct plimsoll_container_usage)`.
   */
  uint32_t struct_size;
  /**
   * 1 = it used `usage_milli`; 0 = the resource is not reported.
   */
  uint32_t has_usage;
  /**
   * Its name, UTF-8 without an end mark.
   */
  const char *name;
  /**
   * Its length in bytes.
   */
  size_t name_length;
  /**
   * What it used.
   */
  int64_t usage_milli;
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
 * The API's name of a `enum plimsoll_condition_kind`, as text that is never freed; never NULL.
 */
const char *plimsoll_condition_kind_str(int32_t kind);

/**
 * The API's name of a `enum plimsoll_reason`, as text that is never freed; never NULL.
 */
const char *plimsoll_reason_str(int32_t reason);

/**
 * Bytes that a policy takes.
 */
size_t plimsoll_hpa_size(void);

/**
 * The alignment that a policy wants.
 */
size_t plimsoll_hpa_align(void);

/**
 * Fills a configuration with the defaults, as far as its `struct_size` goes. Bounds, metrics and behavior are left to
 * be set.
 *
 * # Safety
 * `config` points to `struct_size` bytes that this call may read and write.
 */
plimsoll_status plimsoll_hpa_config_defaults(struct plimsoll_hpa_config *config);

/**
 * What is wrong with a configuration, in words: which field, which number, which limit. The status tells only the kind.
 * `length` receives the bytes of the text; 0 when nothing is wrong. The buffer is as in `plimsoll_step_sentence`.
 *
 * # Safety
 * `config` and what it points to are as their structs say; `capacity` bytes and `length` may be written.
 */
plimsoll_status plimsoll_hpa_config_problem(const struct plimsoll_hpa_config *config,
                                            char *text,
                                            size_t capacity,
                                            size_t *length);

/**
 * Makes a policy in `size` bytes of memory from a configuration, and copies all it needs.
 *
 * # Safety
 * `hpa` points to `size` bytes that this call may write; `config` and what it points to are as their structs say.
 */
plimsoll_status plimsoll_hpa_init(struct plimsoll_hpa *hpa,
                                  size_t size,
                                  const struct plimsoll_hpa_config *config);

/**
 * The least room that a history of this policy wants: a number of `enum plimsoll_room`.
 * `PLIMSOLL_STATUS_CAPACITY` when no history has that much.
 *
 * # Safety
 * `hpa` was made by `plimsoll_hpa_init`; `room` may be written.
 */
plimsoll_status plimsoll_hpa_room(const struct plimsoll_hpa *hpa, int32_t *room);

/**
 * Whether the history has room for all that the policy ever holds; `PLIMSOLL_STATUS_CAPACITY` when not. Ask again
 * when the policy changes: a history that is too small still decides, merges its oldest entries and leaves a step.
 *
 * # Safety
 * Both were made by their `_init`.
 */
plimsoll_status plimsoll_hpa_fits(const struct plimsoll_hpa *hpa,
                                  const struct plimsoll_history *history);

/**
 * Decides one sync and moves the history. O(pods + metrics + rules × changes).
 *
 * `steps` receives the first `steps_capacity` steps; when there are more, the last place goes to the step that had the
 * last word, so that room for one is enough to say why. `steps_length` receives how many were written. With a capacity
 * of 0 both may be NULL.
 *
 * # Safety
 * `hpa` and `history` were made by their `_init`; `observation` and what it points to are as their structs say;
 * `decision` points to `struct_size` bytes and `steps` to `steps_capacity` records that may be written.
 */
plimsoll_status plimsoll_hpa_decide(const struct plimsoll_hpa *hpa,
                                    struct plimsoll_history *history,
                                    const struct plimsoll_observation *observation,
                                    struct plimsoll_decision *decision,
                                    struct plimsoll_step *steps,
                                    size_t steps_capacity,
                                    size_t *steps_length);

/**
 * Decides `length` workloads, each with its own status in its item. An item that cannot be decided leaves the others
 * as they are; this call fails only when the array itself is bad, and then nothing was decided. Items that share a
 * policy cost least when they follow each other.
 *
 * # Safety
 * Each item is as its struct says, and no two items write the same memory.
 */
plimsoll_status plimsoll_hpa_decide_batch(struct plimsoll_hpa_batch_item *items,
                                          size_t length,
                                          size_t stride);

/**
 * Says what became of a decision: `applied` is a number of `enum plimsoll_applied`, `replicas` the number that was
 * really written. Rate rules count that, and the conditions tell. Steps as in `plimsoll_hpa_decide`.
 *
 * # Safety
 * As `plimsoll_hpa_decide`; `decision` is only read.
 */
plimsoll_status plimsoll_hpa_applied(const struct plimsoll_hpa *hpa,
                                     struct plimsoll_history *history,
                                     const struct plimsoll_decision *decision,
                                     int32_t applied,
                                     int32_t replicas,
                                     struct plimsoll_step *steps,
                                     size_t steps_capacity,
                                     size_t *steps_length);

/**
 * How far metric number `metric` is from asking for another number of replicas. About 120 evaluations of its rule.
 *
 * # Safety
 * As `plimsoll_hpa_decide`.
 */
plimsoll_status plimsoll_hpa_outlook(const struct plimsoll_hpa *hpa,
                                     uint32_t metric,
                                     const struct plimsoll_observation *observation,
                                     struct plimsoll_outlook *outlook);

/**
 * Bytes that a history of that room takes; 0 when `room` is no number of `enum plimsoll_room`.
 */
size_t plimsoll_history_size(int32_t room);

/**
 * The alignment that a history wants, of any room.
 */
size_t plimsoll_history_align(void);

/**
 * Makes a history that knows nothing yet in `size` bytes of memory.
 *
 * # Safety
 * `history` points to `size` bytes that this call may write.
 */
plimsoll_status plimsoll_history_init(struct plimsoll_history *history, size_t size, int32_t room);

/**
 * Loses what a controller loses when it restarts: all but the conditions, which are in the HPA's status.
 *
 * # Safety
 * `history` was made by `plimsoll_history_init`.
 */
plimsoll_status plimsoll_history_restart(struct plimsoll_history *history);

/**
 * Saves a history as bytes that any release on any machine restores; `length` receives how many. With a capacity of 0
 * `bytes` may be NULL, and only the length is asked for. `PLIMSOLL_STATUS_NO_ROOM` when they do not fit.
 *
 * # Safety
 * `history` was made by `plimsoll_history_init`; `capacity` bytes and `length` may be written.
 */
plimsoll_status plimsoll_history_save(const struct plimsoll_history *history,
                                      uint8_t *bytes,
                                      size_t capacity,
                                      size_t *length);

/**
 * Puts back what `plimsoll_history_save` wrote, from a history of any room whose entries fit. The history then decides
 * as if it had never stopped. Nothing is believed unchecked; on any error the history stays as it was.
 *
 * It is filled where it stands: no function of this library wants more than 32 KB of stack, for a history of any room
 * (seen on x86-64, built for release).
 *
 * # Safety
 * `history` was made by `plimsoll_history_init`; `length` bytes may be read.
 */
plimsoll_status plimsoll_history_restore(struct plimsoll_history *history,
                                         const uint8_t *bytes,
                                         size_t length);

/**
 * The conditions of the HPA's status, in its order: at most `PLIMSOLL_MOST_CONDITIONS`. `PLIMSOLL_STATUS_NO_ROOM` when
 * they do not fit. `length` receives how many there are; with a capacity of 0 only that is asked for.
 *
 * # Safety
 * `history` was made by `plimsoll_history_init`; `conditions` points to `capacity` structs of which the first has its
 * `struct_size` set; they and `length` may be written.
 */
plimsoll_status plimsoll_history_conditions(const struct plimsoll_history *history,
                                            struct plimsoll_condition *conditions,
                                            size_t capacity,
                                            size_t *length);

/**
 * Puts a condition back as an HPA's status has it; it replaces the one of its kind and goes to the end.
 *
 * # Safety
 * `history` was made by `plimsoll_history_init`; `condition` is as its struct says.
 */
plimsoll_status plimsoll_history_set_condition(struct plimsoll_history *history,
                                               const struct plimsoll_condition *condition);

/**
 * Bytes that a fold takes.
 */
size_t plimsoll_fold_size(void);

/**
 * The alignment that a fold wants.
 */
size_t plimsoll_fold_align(void);

/**
 * Begins a fold for metric number `metric` of the policy, at the time of the observation it will stand in.
 *
 * # Safety
 * `fold` points to `size` bytes that this call may write; `hpa` was made by `plimsoll_hpa_init`.
 */
plimsoll_status plimsoll_fold_init(struct plimsoll_fold *fold,
                                   size_t size,
                                   const struct plimsoll_hpa *hpa,
                                   uint32_t metric,
                                   int64_t now_ns);

/**
 * Adds a pod of the target. `pod_class` receives what it counts as, a number of `enum plimsoll_pod_class`; it may be
 * NULL. O(1).
 *
 * # Safety
 * `fold` was made by `plimsoll_fold_init`; `pod` is as its struct says; `pod_class` may be written.
 */
plimsoll_status plimsoll_fold_add(struct plimsoll_fold *fold,
                                  const struct plimsoll_pod *pod,
                                  int32_t *pod_class);

/**
 * Adds a sample whose pod is not among the target's; upstream keeps those.
 *
 * # Safety
 * `fold` was made by `plimsoll_fold_init`.
 */
plimsoll_status plimsoll_fold_add_unlisted(struct plimsoll_fold *fold, int64_t value_milli);

/**
 * Adds `pods` ready pods at once, known only by the sums of what they use and request.
 *
 * # Safety
 * `fold` was made by `plimsoll_fold_init`.
 */
plimsoll_status plimsoll_fold_add_ready(struct plimsoll_fold *fold,
                                        uint32_t pods,
                                        int64_t usage_milli,
                                        int64_t request_milli);

/**
 * What a pod requests of a metric's resource, by the rules of the release that is answered like: what belongs into
 * `request_milli` and `request_error` of a `struct plimsoll_pod`. Init containers stand in their order, main containers
 * anywhere. `level` may be NULL: nothing is set for the whole pod. O(containers).
 *
 * # Safety
 * `hpa` was made by `plimsoll_hpa_init`; the containers and `level` are as their structs say; the last two may be
 * written.
 */
plimsoll_status plimsoll_pod_request(const struct plimsoll_hpa *hpa,
                                     uint32_t metric,
                                     const struct plimsoll_container *containers,
                                     size_t length,
                                     size_t stride,
                                     const struct plimsoll_pod_level *level,
                                     int64_t *request_milli,
                                     int32_t *request_error);

/**
 * What a pod used of a metric's resource, from its containers' samples: what belongs into `sample_milli` of a
 * `struct plimsoll_pod`. `has_usage` receives 0 where the pod has no sample for this metric: it reports no container,
 * one of them without the resource, or not the metric's. `metric_error` receives 0, or
 * `PLIMSOLL_METRIC_ERROR_NO_CONTAINER_IN_SAMPLE` where the release lets the whole metric fail (1.32). O(containers).
 *
 * # Safety
 * `hpa` was made by `plimsoll_hpa_init`; the containers are as their struct says; the last three may be written.
 */
plimsoll_status plimsoll_pod_usage(const struct plimsoll_hpa *hpa,
                                   uint32_t metric,
                                   const struct plimsoll_container_usage *containers,
                                   size_t length,
                                   size_t stride,
                                   uint32_t *has_usage,
                                   int64_t *usage_milli,
                                   int32_t *metric_error);

/**
 * A step in words, as UTF-8 with a zero byte at its end; `length` receives the bytes before that. With a capacity of 0
 * `text` may be NULL, and only the length is asked for. `PLIMSOLL_STATUS_NO_ROOM` when it does not fit.
 *
 * With a policy metrics have their names; `hpa` may be NULL, they then have their numbers.
 *
 * # Safety
 * `hpa` is NULL or was made by `plimsoll_hpa_init`; `step` is as its struct says; `capacity` bytes and `length` may be
 * written.
 */
plimsoll_status plimsoll_step_sentence(const struct plimsoll_hpa *hpa,
                                       const struct plimsoll_step *step,
                                       char *text,
                                       size_t capacity,
                                       size_t *length);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PLIMSOLL_H */
