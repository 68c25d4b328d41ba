package oracle

import "testing"

// late is upstream with one thing wrong: a window that is a second too long. The harness must see it.
type late struct{ upstream }

func (l late) run(h history) []outcome {
	h.Controller.Stabilization++
	return l.upstream.run(h)
}

func TestADifferenceIsFoundAndMadeSmall(t *testing.T) {
	u := upstream{t}
	differs := func(h history) bool { return firstDifference(u.run(h), late{u}.run(h)) >= 0 }
	for number := range 300 {
		g := newHistorian(1, number, false)
		h, _ := u.follow(g.head, g.next)
		if !differs(h) {
			continue
		}
		small := shrink(h, differs)
		if !differs(small) {
			t.Fatal("what was left is no difference any more")
		}
		if len(small.Steps) > 5 {
			t.Errorf("%d syncs of %d are left: %s", len(small.Steps), len(h.Steps), text(small))
		}
		t.Logf("history %d: %d syncs of %d are left", number, len(small.Steps), len(h.Steps))
		return
	}
	t.Fatal("none of 300 histories saw it")
}

// A seed must mean something: the same cases come again, in any order.
func TestACaseIsItsSeedAndNumber(t *testing.T) {
	u := upstream{t}
	for _, number := range []int{5, 3, 5} {
		one, other := newHistorian(9, number, true), newHistorian(9, number, true)
		h, outcomes := u.follow(one.head, one.next)
		again, repeated := u.follow(other.head, other.next)
		if text(h) != text(again) || firstDifference(outcomes, repeated) >= 0 {
			t.Errorf("history %d is not the same again", number)
		}
	}
	for number := range 500 {
		one, other := drawCalculation(9, number), drawCalculation(9, number)
		if text(one.perPod) != text(other.perPod) || text(one.whole) != text(other.whole) {
			t.Errorf("case %d is not the same again", number)
		}
	}
}

// The written history, put to upstream again, must tell the same: nothing that decides may be missing
// from the case.
func TestAWrittenHistoryTellsAll(t *testing.T) {
	u := upstream{t}
	for number := range 50 {
		g := newHistorian(10, number, true)
		h, outcomes := u.follow(g.head, g.next)
		var read history
		strictly(t, []byte(text(h)), &read)
		if i := firstDifference(outcomes, u.run(read)); i >= 0 {
			t.Errorf("history %d differs at %d s when read again", number, h.Steps[i].At)
		}
	}
}
