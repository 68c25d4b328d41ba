package oracle

// engine answers cases: upstream is one, ours are the others.
type engine interface {
	// calculate proposes replicas for one metric.
	calculate(calculation) answer
	// run syncs one HPA through a history, and tells what each sync did. An engine that does not show
	// its memory leaves outcome.Memory empty, and it is not compared.
	run(history) []outcome
}

// engines are those of ours that upstream judges, by name. A file that links one adds itself in its
// init function, so that this module builds where there is none.
var engines = map[string]engine{}

// preparer is an engine that can be benchmarked: prepare does what a controller would have done
// before it asks, and what it returns is timed.
type preparer interface {
	prepare(calculation) func() answer
}
