// Crossings prints what it costs to decide from C and from Go, by single calls and by batches, as ratios to a decision in
// Rust. It takes the rows of benches/src/bin/crossings.rs from a file: those have C against Rust, and this program, on the
// same workloads, has Go against C. `make -C ffi crossings` runs both, one after the other.
package main

// #cgo LDFLAGS: ${SRCDIR}/../../libplimsoll.a -lpthread -ldl -lm
// #include "fleet.h"
//
// #cgo noescape fleet_sync
// #cgo nocallback fleet_sync
// #cgo noescape fleet_sync_batch
// #cgo nocallback fleet_sync_batch
import "C"

import (
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	"plimsoll.dev/plimsoll"
)

// As in the program in Rust.
const (
	syncs     = 50
	turns     = 31
	period    = 15 * time.Second
	disturbed = 1.3
)

// row is a line of the table.
type row struct {
	reading, crossing string
	min, median       float64
	sum               int64
}

func (r row) String() string {
	return fmt.Sprintf("%-9s %-20s %6.2f %7.2f %12d", r.reading, r.crossing, r.min, r.median, r.sum)
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: crossings FILE, with the rows of the program of the same name in Rust")
	}
	given, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	header, lines, _ := strings.Cut(strings.TrimSpace(string(given)), "\n")
	fmt.Println(header)
	noisy := false
	var call row
	for line := range strings.SplitSeq(lines, "\n") {
		var r row
		if _, err := fmt.Sscan(line, &r.reading, &r.crossing, &r.min, &r.median, &r.sum); err != nil {
			log.Fatalf("%q: %v", line, err)
		}
		fmt.Println(r)
		switch r.crossing {
		case "C":
			call = r
		case "C-batch-of-64": // the last of Rust's
			pods := 0
			if r.reading == "10-pods" {
				pods = 10
			}
			sides, sum := measure(pods)
			if sum != r.sum {
				log.Fatalf("%s: Go came to %d, and Rust to %d", r.reading, sum, r.sum)
			}
			for _, side := range sides {
				noisy = noisy || side.median > side.min*disturbed
			}
			for i, name := range []string{"Go", "Go-batch-of-64"} {
				min, median := sides[i+2].min/sides[0].min, sides[i+2].median/sides[0].median
				fmt.Println(row{r.reading, name, call.min * min, call.median * median, sum})
			}
		}
	}
	if noisy {
		log.Fatal("disturbed: run again on a quieter machine")
	}
}

type times struct{ min, median float64 }

// measure lets C, C by batches, Go, and Go by batches take turns; and gives the sum of all that was decided.
func measure(pods int) ([4]times, int64) {
	alone, together := fleet(pods), fleet(pods)
	single, batch := C.fleet_new(C.int(pods)), C.fleet_new(C.int(pods))
	if single == nil || batch == nil {
		log.Fatal("C refused the workloads")
	}
	sides := [4]func(now time.Time) int64{
		func(now time.Time) int64 { return int64(C.fleet_sync(single, C.int64_t(now.UnixNano()))) },
		func(now time.Time) int64 { return int64(C.fleet_sync_batch(batch, C.int64_t(now.UnixNano()))) },
		func(now time.Time) (sum int64) {
			for i := range alone {
				each := &alone[i]
				each.Seen.Now = now
				each.Decision, each.Err = each.Policy.Decide(each.History, each.Seen)
				sum += decided(each)
			}
			return sum
		},
		func(now time.Time) (sum int64) {
			for i := range together {
				together[i].Seen.Now = now
			}
			if err := plimsoll.DecideBatch(together); err != nil {
				log.Fatal(err)
			}
			for i := range together {
				sum += decided(&together[i])
			}
			return sum
		},
	}
	var taken [4][]float64
	var total int64
	for turn := range turns {
		begin := time.Unix(0, 0).Add(time.Duration(turn*(syncs+1)) * period)
		var sums [4]int64
		for i, sync := range sides {
			// Not timed, so that no side pays for what another left in the caches.
			sums[i] = sync(begin)
			start := C.busy_ns()
			for index := range syncs {
				sums[i] += sync(begin.Add(time.Duration(index+1) * period))
			}
			taken[i] = append(taken[i], float64(C.busy_ns()-start))
		}
		if sums != [4]int64{sums[0], sums[0], sums[0], sums[0]} {
			log.Fatalf("the sides do not agree: %v", sums)
		}
		total += sums[0]
	}
	var all [4]times
	for i, taken := range taken {
		slices.Sort(taken)
		all[i] = times{taken[0], taken[len(taken)/2]}
	}
	return all, total
}

func decided(item *plimsoll.Item) int64 {
	if item.Err != nil {
		log.Fatal(item.Err)
	}
	return int64(item.Decision.To)
}

// fleet is the workloads as a host in Go keeps them.
func fleet(pods int) []plimsoll.Item {
	config := plimsoll.DefaultConfig()
	config.MaxReplicas = 100
	config.Metrics = []plimsoll.Metric{
		{Source: plimsoll.External, Name: "messages", Target: plimsoll.AverageValue(100_000)},
	}
	if pods > 0 {
		config.Metrics[0] = plimsoll.Metric{Source: plimsoll.Resource, Name: "cpu", Target: plimsoll.Utilization(60)}
	}
	policy, err := plimsoll.NewPolicy(config)
	if err != nil {
		log.Fatal(err)
	}
	items := make([]plimsoll.Item, C.FLEET)
	for i := range items {
		replicas := int32(3 + i%8)
		reading := plimsoll.ReadValues(plimsoll.Milli(1000 * (200 + i*37%900)))
		if pods > 0 {
			list := make([]plimsoll.Pod, pods)
			for pod := range list {
				list[pod] = plimsoll.Pod{
					Phase: plimsoll.Running, Ready: plimsoll.ReadyTrue, Started: time.Unix(-1_000_000, 0), Request: 1000,
					Sample: &plimsoll.Sample{Value: plimsoll.Milli(200 + (i*37+pod*101)%900), At: time.Unix(0, 0)},
				}
			}
			reading = plimsoll.ReadPods(list)
		}
		items[i] = plimsoll.Item{Policy: policy, History: &plimsoll.History{}, Seen: &plimsoll.Observation{
			Scale:    &plimsoll.Scale{Wanted: replicas, Running: replicas},
			Pods:     &plimsoll.PodCount{Listed: uint32(pods), Ready: uint32(pods)},
			Readings: []plimsoll.Reading{reading},
			NoSteps:  true,
		}}
	}
	return items
}
