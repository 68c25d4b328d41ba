// Package oracle lets upstream's own HPA code judge ours.
//
// The tests draw random cases, ask the unmodified ReplicaCalculator and HorizontalController of
// k8s.io/kubernetes v1.37.2, and compare with an [Engine]-shaped answer of ours, or write the cases
// as vectors in the published schema for another runner to judge.
//
// It is a module of its own, tests only, so that upstream's hundred modules reach nobody who uses
// Plimsoll. README.md has the commands.
package oracle
