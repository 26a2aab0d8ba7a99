package junk

const (
	// MaxFeatures is how many different features of one message count. A mail of 50 KB of text has about 5,000; what is
	// beyond could only water down what its beginning says.
	MaxFeatures = 4096

	// MaxText is how much decoded text of one message is looked at, markup and all. Long newsletters have 150 KiB.
	MaxText = 256 << 10 // octets

	// maxParts is how many text parts of one message are looked at.
	maxParts = 32

	// maxChunk is how long a run without white space may be to be taken apart; more is told as long.
	maxChunk = 256 // octets

	minWord = 2  // characters of a word that counts
	maxWord = 40 // octets; longer ones are told as long

	// maxFields is how many header fields are looked at, and maxField how much of one.
	maxFields = 128
	maxField  = 2048 // octets
)
