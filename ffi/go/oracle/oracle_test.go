package oracle

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"
)

var (
	seed      = flag.Uint64("seed", 1, "seed of all cases")
	first     = flag.Int("first", 0, "number of the first case and history: with -cases 1 or -histories 1, that one alone")
	cases     = flag.Int("cases", 20_000, "calculator cases")
	histories = flag.Int("histories", 500, "controller histories")
	sequences = flag.Int("sequences", 0, "histories in the schema of sequences, which shows the memory after each sync; to be written only")
	write     = flag.String("write", "", "folder to write vectors to, which must exist: hpa_run_calc.json, hpa_run_history.json, hpa_sequences.json, and empty files for the rest of the set")
	odd       = flag.Bool("odd-tolerances", true, "also draw tolerances that are not the float of their text, such as 0.57")
)

// verdicts is the last line of a run, for scripts.
var verdicts = "0 passed, 0 failed"

func TestMain(m *testing.M) {
	code := m.Run()
	fmt.Println(verdicts)
	os.Exit(code)
}

// Upstream judges ours, and writes what it answered as vectors on request.
func TestOracle(t *testing.T) {
	begin := time.Now()
	o := &oracle{t: t, upstream: upstream{t}, reached: map[string]int{}}
	calc, hist, seqs := o.open("hpa_run_calc.json"), o.open("hpa_run_history.json"), o.open("hpa_sequences.json")
	// A runner reads every file of the published set: those that nothing is drawn for are empty.
	for _, name := range []string{"hpa_normalize.json", "hpa_pods.json", "hpa_replica_calc.json", "hpa_sync.json"} {
		o.open(name).close("empty")
	}
	o.upstream.inBubble(func() {
		for i := *first; i < *first+*cases; i++ {
			o.judgeCalculation(i, calc)
		}
	})
	for i := *first; i < *first+*histories; i++ {
		o.judgeHistory(i, hist)
	}
	for i := *first; seqs != nil && i < *first+*sequences; i++ {
		o.writeSequence(i, seqs)
	}
	calc.close("HPA: proposal of one metric, answers of upstream runs")
	hist.close("HPA: whole controller over time, upstream runs")
	seqs.close("HPA: syncs with carried state, upstream runs")
	for _, each := range slices.Sorted(maps.Keys(o.reached)) {
		t.Logf("%9d %s", o.reached[each], each)
	}
	t.Logf("seed %d, from %d: %d calculator cases (%d left out), %d histories, %d syncs, %v", *seed, *first,
		*cases, o.leftOut, *histories, o.syncs, time.Since(begin).Round(time.Millisecond))
	verdicts = fmt.Sprintf("%d passed, %d failed", o.passed, o.failed)
}

type oracle struct {
	t        *testing.T
	upstream upstream
	// What upstream answered, to see that the cases reach what they should.
	reached                        map[string]int
	leftOut, syncs, passed, failed int
}

func (o *oracle) judgeCalculation(number int, out *vectors) {
	c := drawCalculation(*seed, number)
	want, judged := expected(c, o.upstream.calculate(c))
	if !judged {
		o.leftOut++
		return
	}
	kind := c.fn
	if want.Error != "" {
		kind += " " + want.Error
	}
	o.reached[kind]++
	var in any = c.whole
	if c.perPod != nil {
		in = c.perPod
	}
	out.add(number, "rcalc", c.fn, in, want)
	got := ours{}.calculate(c)
	if want.AverageValue == nil {
		got.AverageValue = nil
	}
	o.verdict(reflect.DeepEqual(want, got), func() string {
		return fmt.Sprintf("case %d: %s\n%s\nupstream %s\nours     %s", number, c.fn, text(in), text(want), text(got))
	})
}

func (o *oracle) judgeHistory(number int, out *vectors) {
	g := newHistorian(*seed, number, *odd)
	h, want := o.upstream.follow(g.head, g.next)
	for _, each := range want {
		o.syncs++
		for _, c := range each.Conditions {
			o.reached[c]++
		}
		for _, reason := range each.Events {
			o.reached["event "+reason]++
		}
	}
	out.add(number, "rhist", "history", h, struct {
		Steps []outcome `json:"steps"`
	}{want})
	o.verdict(firstDifference(want, ours{}.run(h)) < 0, func() string {
		h := shrink(h, func(h history) bool { return firstDifference(o.upstream.run(h), ours{}.run(h)) >= 0 })
		want, got := o.upstream.run(h), ours{}.run(h)
		at := firstDifference(want, got)
		return fmt.Sprintf("history %d, in its smallest form: %s\nat %d s\nupstream %s %+v\nours     %s %+v", number,
			text(h), h.Steps[at].At, text(want[at]), want[at].Memory, text(got[at]), got[at].Memory)
	})
}

func (o *oracle) verdict(same bool, why func() string) {
	if same {
		o.passed++
		return
	}
	o.failed++
	// The first ones say enough, and shrinking takes time.
	if o.failed <= 20 {
		o.t.Error(why())
	} else {
		o.t.Fail()
	}
}

// firstDifference is the index of the first sync that differs, or −1.
func firstDifference(want, got []outcome) int {
	for i := range want {
		if i >= len(got) {
			return i
		}
		if !reflect.DeepEqual(want[i], got[i]) {
			return i
		}
	}
	return -1
}

// vectors is a file under way. Its count stands at the end, so that nothing is kept in memory.
type vectors struct {
	file  *os.File
	text  *bufio.Writer
	count int
}

func (o *oracle) open(name string) *vectors {
	if *write == "" {
		return nil
	}
	file, err := os.Create(filepath.Join(*write, name))
	if err != nil {
		o.t.Fatal(err)
	}
	v := &vectors{file: file, text: bufio.NewWriter(file)}
	fmt.Fprint(v.text, `{"schema":"autoscale-vectors/1","vectors":[`)
	return v
}

func (v *vectors) add(number int, kind, fn string, in, out any) {
	if v == nil {
		return
	}
	raw := func(value any) json.RawMessage { return json.RawMessage(text(value)) }
	separator := ",\n"
	if v.count == 0 {
		separator = "\n"
	}
	v.count++
	fmt.Fprint(v.text, separator, text(vector{
		ID: fmt.Sprintf("oracle.%s.%d.%d", kind, *seed, number), Fn: fn, Name: fmt.Sprintf("seed %d, number %d", *seed, number),
		Origin: "upstream_run", Ref: "spec 2-14", In: raw(in), Out: raw(out),
	}))
}

func (v *vectors) close(title string) {
	if v == nil {
		return
	}
	source := map[string]any{
		"project": "kubernetes/kubernetes", "read_from": "run of the unmodified module k8s.io/kubernetes v1.37.2",
		"files": []string{"pkg/controller/podautoscaler/horizontal.go", "pkg/controller/podautoscaler/replica_calculator.go"},
	}
	fmt.Fprintf(v.text, "\n],\"title\":%s,\"source\":%s,\"functions\":{},\"count\":%d}\n", text(title), text(source), v.count)
	if err := v.text.Flush(); err != nil {
		panic(err)
	}
	if err := v.file.Close(); err != nil {
		panic(err)
	}
}
