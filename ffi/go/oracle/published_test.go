package oracle

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

var published = flag.String("vectors", "../../../core/tests/vectors", "folder of the published vectors")

type vector struct {
	ID       string          `json:"id"`
	Fn       string          `json:"fn"`
	Name     string          `json:"name"`
	Origin   string          `json:"origin"`
	Ref      string          `json:"ref"`
	Note     string          `json:"note,omitempty"`
	Features []string        `json:"features,omitempty"`
	In       json.RawMessage `json:"in"`
	Out      json.RawMessage `json:"out"`
}

type vectorFile struct {
	Schema    string            `json:"schema"`
	Title     string            `json:"title"`
	Source    map[string]any    `json:"source"`
	Functions map[string]string `json:"functions"`
	Count     int               `json:"count"`
	Vectors   []vector          `json:"vectors"`
}

// strictly reads JSON, and fails on a field that the types here do not have.
func strictly(t *testing.T, text []byte, into any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatal(err)
	}
}

func readVectors(t *testing.T, name string) []vector {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(*published, name))
	if err != nil {
		t.Fatal(err)
	}
	var file vectorFile
	strictly(t, text, &file)
	return file.Vectors
}

// The harness itself is judged by what others got from upstream: the published answers.
func TestUpstreamGivesThePublishedAnswers(t *testing.T) {
	u := upstream{t}
	calculations := 0
	for _, name := range []string{"hpa_run_calc.json", "hpa_replica_calc.json"} {
		u.inBubble(func() {
			for _, v := range readVectors(t, name) {
				if v.Origin != "upstream_run" || v.Note != "" {
					continue
				}
				c := calculation{fn: v.Fn}
				var in any = &whole{}
				if v.Fn == "resource_utilization" || v.Fn == "per_pod_average_value" {
					c.perPod = &perPod{}
					in = c.perPod
				} else {
					c.whole = in.(*whole)
				}
				strictly(t, v.In, in)
				var want answer
				strictly(t, v.Out, &want)
				got, judged := expected(c, u.calculate(c))
				if !judged {
					continue
				}
				if want.AverageValue == nil {
					got.AverageValue = nil
				}
				calculations++
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s: got %s, published %s", v.ID, text(got), v.Out)
				}
			}
		})
	}
	syncs := 0
	for _, v := range readVectors(t, "hpa_run_history.json") {
		var h history
		strictly(t, v.In, &h)
		var want struct {
			Steps []outcome `json:"steps"`
		}
		strictly(t, v.Out, &want)
		for i, got := range u.run(h) {
			syncs++
			got.Memory = memory{}
			if !reflect.DeepEqual(got, want.Steps[i]) {
				t.Errorf("%s at %d s: got %s, published %s", v.ID, h.Steps[i].At, text(got), text(want.Steps[i]))
				break
			}
		}
	}
	t.Logf("%d calculations and %d syncs", calculations, syncs)
}

func text(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}
