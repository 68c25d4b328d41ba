package knative

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"knative.dev/serving/pkg/autoscaler/aggregation"
	"knative.dev/serving/pkg/autoscaler/aggregation/max"
)

// A window of upstream's, of either kind.
type window interface {
	Record(time.Time, float64)
	WindowAverage(time.Time) float64
	IsEmpty(time.Time) bool
	ResizeWindow(time.Duration)
}

type op struct {
	Op       string   `json:"op"`
	TMs      *int64   `json:"t_ms,omitempty"`
	Value    *float64 `json:"value,omitempty"`
	WindowMs *int64   `json:"window_ms,omitempty"`
	NowMs    *int64   `json:"now_ms,omitempty"`
}

type bucketsIn struct {
	WindowMs      int64 `json:"window_ms"`
	GranularityMs int64 `json:"granularity_ms"`
	Weighted      bool  `json:"weighted"`
	BaseUnixMs    int64 `json:"base_unix_ms"`
	Ops           []op  `json:"ops"`
}

type bucketsOut struct {
	Results []any `json:"results"`
}

type want struct {
	Want any `json:"want"`
}

// stream is one random life of a window. The wall clock is the bubble's: upstream reads it when a window is resized.
func stream(random *rand.Rand) (bucketsIn, bucketsOut) {
	// Lengths that divide the seconds from the year 1 to 1970, and each other's multiples.
	granularity := []time.Duration{1, 1, 1, 2, 3, 5}[random.IntN(6)] * time.Second
	length := func() time.Duration {
		switch random.IntN(8) {
		case 0:
			return granularity
		case 1:
			// No whole number of buckets.
			return granularity + time.Duration(random.Int64N(int64(20*time.Second)/1e6))*time.Millisecond
		case 2:
			return time.Duration(60+random.IntN(541)) * time.Second
		default:
			return granularity * time.Duration(1+random.IntN(30))
		}
	}
	in := bucketsIn{GranularityMs: granularity.Milliseconds(), Weighted: random.IntN(2) == 0}
	present := length()
	in.WindowMs = present.Milliseconds()
	var w window = aggregation.NewTimedFloat64Buckets(present, granularity)
	if in.Weighted {
		w = aggregation.NewWeightedFloat64Buckets(present, granularity)
	}
	// The phase within the buckets does not depend on the streams before.
	base := time.Now().Truncate(30 * time.Second).Add(30*time.Second + time.Duration(random.IntN(30000))*time.Millisecond)
	time.Sleep(time.Until(base))
	in.BaseUnixMs = base.UnixMilli()

	scale := math.Pow(10, float64(random.IntN(9)-2))
	var out bucketsOut
	add := func(o op, result any) {
		in.Ops = append(in.Ops, o)
		out.Results = append(out.Results, result)
	}
	since := func(at time.Time) *int64 {
		ms := at.Sub(base).Milliseconds()
		return &ms
	}
	for range 5 + random.IntN(40) {
		step := time.Duration(random.IntN(2500)) * time.Millisecond
		switch random.IntN(20) {
		case 0:
			step = time.Duration(random.Int64N(int64(2*present)/1e6)) * time.Millisecond
		case 1, 2, 3, 4:
			step = 0
		case 5:
			// Exactly to an edge of the window.
			step = present + time.Duration(random.IntN(3)-1)*granularity
		}
		time.Sleep(max0(step))
		at := time.Now()
		switch random.IntN(20) {
		case 0, 1:
			// Late by as much as two windows.
			at = at.Add(-time.Duration(random.Int64N(int64(2*present)/1e6)) * time.Millisecond)
		case 2:
			at = at.Add(time.Duration(random.IntN(5000)) * time.Millisecond)
		}
		switch kind := random.IntN(20); {
		case kind < 10:
			value := number(random, scale)
			w.Record(at, value)
			add(op{Op: "record", TMs: since(at), Value: &value}, nil)
		case kind < 17:
			add(op{Op: "average", TMs: since(at)}, want{w.WindowAverage(at)})
		case kind < 19:
			add(op{Op: "empty", TMs: since(at)}, want{w.IsEmpty(at)})
		default:
			next := present
			if random.IntN(5) > 0 {
				next = length()
			}
			w.ResizeWindow(next)
			present = next
			ms := next.Milliseconds()
			add(op{Op: "resize", WindowMs: &ms, NowMs: since(time.Now())}, nil)
		}
	}
	now := time.Now()
	add(op{Op: "average", TMs: since(now)}, want{w.WindowAverage(now)})
	return in, out
}

func max0(d time.Duration) time.Duration {
	if d < 0 {
		return 0
	}
	return d
}

// number is what a scrape may bring: nothing, whole requests, averages, more proxied than counted.
func number(random *rand.Rand, scale float64) float64 {
	switch random.IntN(6) {
	case 0:
		return 0
	case 1:
		return float64(random.IntN(200))
	case 2:
		return -random.Float64() * scale
	default:
		return random.Float64() * scale
	}
}

type maximumIn struct {
	DurationMs    int64           `json:"duration_ms"`
	GranularityMs int64           `json:"granularity_ms"`
	Records       []maximumRecord `json:"records"`
}

type maximumRecord struct {
	TMs   int64 `json:"t_ms"`
	Value int32 `json:"value"`
}

type maximumOut struct {
	Current int32 `json:"current"`
}

// maximum is one random life of a scale-down delay. Time never runs back: there upstream panics.
func maximum(random *rand.Rand) (maximumIn, maximumOut) {
	granularity := time.Duration(1+random.IntN(3)) * time.Second
	duration := time.Duration(1+random.IntN(60)) * time.Second
	in := maximumIn{DurationMs: duration.Milliseconds(), GranularityMs: granularity.Milliseconds()}
	w := max.NewTimeWindow(duration, granularity)
	at := int64(random.IntN(30_000))
	for range 1 + random.IntN(60) {
		switch random.IntN(8) {
		case 0:
			at += random.Int64N(2 * in.DurationMs)
		case 1:
		default:
			at += int64(random.IntN(4000))
		}
		value := int32(random.IntN(40))
		w.Record(time.UnixMilli(at), value)
		in.Records = append(in.Records, maximumRecord{at, value})
	}
	return in, maximumOut{w.Current()}
}

func vectors(seed uint64, first, streams int) []vector {
	var all []vector
	for n := first; n < first+streams; n++ {
		random := rand.New(rand.NewPCG(seed, uint64(n)))
		// One in ten is a delay.
		if random.IntN(10) == 0 {
			in, out := maximum(random)
			all = append(all, vector{ID: fmt.Sprintf("kpa.oracle.max.%d.%d", seed, n), Fn: "timed_max_window", In: in, Out: out})
			continue
		}
		in, out := stream(random)
		all = append(all, vector{ID: fmt.Sprintf("kpa.oracle.bucket.%d.%d", seed, n), Fn: "buckets", In: in, Out: out})
	}
	for i := range all {
		all[i].Name = fmt.Sprintf("random stream %d", first+i)
		all[i].Origin = "upstream_run"
		all[i].Ref = "run:aggregation"
	}
	return all
}
