package knative

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"knative.dev/serving/pkg/autoscaler/aggregation"
)

var (
	seed    = flag.Uint64("seed", 1, "seed of the random streams")
	first   = flag.Int("first", 0, "number of the first stream")
	streams = flag.Int("streams", 1000, "how many streams")
	write   = flag.String("write", "", "folder for the vectors")
)

type vector struct {
	ID     string `json:"id"`
	Fn     string `json:"fn"`
	Name   string `json:"name"`
	Origin string `json:"origin"`
	Ref    string `json:"ref"`
	In     any    `json:"in"`
	Out    any    `json:"out"`
}

type file struct {
	Schema  string            `json:"schema"`
	Title   string            `json:"title"`
	Source  map[string]any    `json:"source"`
	Fns     map[string]string `json:"functions"`
	Count   int               `json:"count"`
	Vectors []vector          `json:"vectors"`
}

// TestOracle writes what upstream's windows answer on random streams, in the published schema.
func TestOracle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := vectors(*seed, *first, *streams)
		if len(all) != *streams {
			t.Fatalf("%d streams, not %d", len(all), *streams)
		}
		if *write == "" {
			return
		}
		// The core's test reads all files of the family; the others are empty.
		for _, name := range []string{"kpa_apply_config.json", "kpa_run_scale.json", "kpa_scale.json"} {
			save(t, name, nil)
		}
		save(t, "kpa_windows.json", all)
	})
}

func save(t *testing.T, name string, all []vector) {
	to, err := os.Create(filepath.Join(*write, name))
	if err != nil {
		t.Fatal(err)
	}
	buffered := bufio.NewWriter(to)
	err = json.NewEncoder(buffered).Encode(file{
		Schema: "autoscale-vectors/1",
		Title:  "Knative's windows on random streams",
		Source: map[string]any{"project": "knative/serving", "version": "v0.51.0", "note": "run by ffi/go/oracle/knative"},
		Fns: map[string]string{
			"buckets":          "apply ops in order; t_ms is relative to base_unix_ms, now_ms the wall clock",
			"timed_max_window": "index = floor(t/granularity); current after the last record",
		},
		Count:   len(all),
		Vectors: append([]vector{}, all...),
	})
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = to.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestSameSeedSameStreams: a number and a seed are enough to see a difference again.
func TestSameSeedSameStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ops := func(all []vector) string {
			for _, v := range all {
				if in, is := v.In.(bucketsIn); is {
					in.BaseUnixMs %= 30_000
					text, err := json.Marshal([]any{in, v.Out})
					if err != nil {
						t.Fatal(err)
					}
					return string(text)
				}
			}
			t.Fatal("no stream")
			return ""
		}
		if a, b := ops(vectors(7, 100, 20)), ops(vectors(7, 100, 20)); a != b {
			t.Fatalf("%s\n%s", a, b)
		}
	})
}

// TestUpstreamKeepsAnAverageInSilence is the quirk that most depends on upstream: if it goes, ours must.
func TestUpstreamKeepsAnAverageInSilence(t *testing.T) {
	w := aggregation.NewTimedFloat64Buckets(6*time.Second, time.Second)
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	for s := range int64(6) {
		w.Record(at(s), 10)
	}
	for s, expected := range map[int64]float64{5: 10, 10: 10, 11: 0} {
		if got := w.WindowAverage(at(s)); got != expected {
			t.Errorf("after %d s: %v, not %v", s, got, expected)
		}
	}
}
