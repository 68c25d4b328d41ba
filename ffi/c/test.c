/* The interface as a C program meets it: compiled strictly, linked, run. Exits with 0 when all holds. */
#include "plimsoll.h"

#include <stdio.h>
#include <string.h>

static int failures = 0;

static void check(int holds, const char *what)
{
    if (!holds) {
        failures += 1;
        fprintf(stderr, "does not hold: %s\n", what);
    }
}

/* Four replicas of one core each, used at 90 %; 60 % is wanted. */
static struct plimsoll_hpa_sums busy(void)
{
    struct plimsoll_hpa_sums sums;
    memset(&sums, 0, sizeof sums);
    sums.struct_size = (uint32_t)sizeof sums;
    sums.min_replicas = 1;
    sums.max_replicas = 20;
    sums.target_percent = 60;
    sums.tolerance = 0.1;
    sums.downscale_window_ns = UINT64_C(300000000000);
    sums.sync_period_ns = UINT64_C(15000000000);
    sums.replicas = 4;
    sums.ready_pods = 4;
    sums.ready_usage_milli = 3600;
    sums.ready_request_milli = 4000;
    return sums;
}

int main(void)
{
    struct plimsoll_hpa_sums sums = busy();
    struct plimsoll_history history, saved, untouched;
    struct plimsoll_decision decision, again, before;
    plimsoll_status status;

    check(strcmp(plimsoll_version(), PLIMSOLL_VERSION) == 0, "the library is of the header's version");
    check(strcmp(plimsoll_status_str(PLIMSOLL_STATUS_OK), "ok") == 0, "a status has words");
    check(strcmp(plimsoll_status_str(12345), "unknown status") == 0, "and what is no status too");

    memset(&history, 0, sizeof history);
    memset(&decision, 0, sizeof decision);

    /* Sizes that were never set. */
    before = decision;
    status = plimsoll_hpa_decide_sums(&sums, &history, &decision);
    check(status == PLIMSOLL_STATUS_STRUCT_SIZE, "a size of 0 is refused");
    check(memcmp(&before, &decision, sizeof before) == 0, "and nothing is written");

    history.struct_size = (uint32_t)sizeof history;
    decision.struct_size = (uint32_t)sizeof decision;

    status = plimsoll_hpa_decide_sums(NULL, &history, &decision);
    check(status == PLIMSOLL_STATUS_NULL_POINTER, "NULL is refused");

    status = plimsoll_hpa_decide_sums(&sums, &history, &decision);
    check(status == PLIMSOLL_STATUS_OK, "a first sync");
    check(decision.from == 4 && decision.to == 6, "90 / 60 x 4 = 6");
    check(decision.has_recommended == 1 && decision.recommended == 6, "the usage asks for 6");
    check(decision.last_word == PLIMSOLL_STEP_RECOMMENDED, "and has the last word");
    check(history.length > 0 && memcmp(history.bytes, "PLIM", 4) == 0, "the history is a snapshot");

    /* The load is gone; the window holds. A history that was saved decides the same. */
    sums.now_ns = INT64_C(15000000000);
    sums.replicas = 6;
    sums.ready_pods = 6;
    sums.ready_usage_milli = 600;
    sums.ready_request_milli = 6000;
    memset(&saved, 0, sizeof saved);
    saved.struct_size = (uint32_t)sizeof saved;
    saved.length = history.length;
    memcpy(saved.bytes, history.bytes, history.length);
    again = decision;
    check(plimsoll_hpa_decide_sums(&sums, &history, &decision) == PLIMSOLL_STATUS_OK, "a second sync");
    check(decision.to == 6 && decision.recommended == 1, "the recommendation of 6 holds 1 back");
    check(decision.last_word == PLIMSOLL_STEP_STABILIZED, "the window has the last word");
    check(decision.has_revisit_at == 1 && decision.revisit_at_ns == INT64_C(300000000001),
          "until it leaves the window");
    check(plimsoll_hpa_decide_sums(&sums, &saved, &again) == PLIMSOLL_STATUS_OK, "the same from saved bytes");
    check(memcmp(&again, &decision, sizeof again) == 0, "with the same answer");

    /* A changed byte. */
    saved.bytes[30] ^= 1;
    untouched = saved;
    check(plimsoll_hpa_decide_sums(&sums, &saved, &again) == PLIMSOLL_STATUS_BAD_HISTORY, "a changed byte is noticed");
    check(memcmp(&untouched, &saved, sizeof saved) == 0, "and the history is left alone");

    /* Two pods without usage: exact up to a target of 100 %. */
    sums = busy();
    sums.missing_pods = 2;
    sums.missing_request_milli = 2000;
    memset(&history, 0, sizeof history);
    history.struct_size = (uint32_t)sizeof history;
    check(plimsoll_hpa_decide_sums(&sums, &history, &decision) == PLIMSOLL_STATUS_OK, "missing pods");
    check(decision.to == 4, "at 0 they pull 90 % down to 60 %");
    sums.target_percent = 101;
    check(plimsoll_hpa_decide_sums(&sums, &history, &decision) == PLIMSOLL_STATUS_INEXACT, "not from sums above 100 %");

    return failures == 0 ? 0 : 1;
}
