//go:build race

package store

// raced: under the race detector sync.Pool drops at random, so counting allocations means nothing.
const raced = true
