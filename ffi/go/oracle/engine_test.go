package oracle

// engine answers cases: upstream is one, ours the other.
type engine interface {
	// prepare does what a controller would have done before it asks for the proposal of one metric; what it returns
	// asks.
	prepare(calculation) func() answer
	// calculate does both.
	calculate(calculation) answer
	// run syncs one HPA through a history, and tells what each sync did.
	run(history) []outcome
}

var _, _ engine = upstream{}, ours{}
