package junk

// Key stands for a feature: 32 bits of the hash of its kind and text. Where 100,000 features are known, one in 40,000 of
// those never seen has the number of a known one: too few to matter among hundreds.
type Key uint32

// kind tells where a feature was met: "free" in a subject is another one than "free" in the text.
type kind byte

const (
	inBody    kind = 'b' // a word of the text
	inPair    kind = 'p' // two words of the text that follow each other
	inSubject kind = 's'
	inFrom    kind = 'f' // From, Sender and Reply-To
	inTo      kind = 't' // To and Cc
	inTrace   kind = 'r' // Received: names and networks
	inHeader  kind = 'h' // the name of a field, or a word of one that tells programs and lists
	inURL     kind = 'u' // a host in a link or its domain
	inMarkup  kind = 'm' // an element or attribute that tells
	inParts   kind = 'c' // the type of a part, its charset, the ending of its name
)

const (
	hashStart = 14695981039346656037 // FNV-1a, 64 bits
	hashPrime = 1099511628211
)

func hash(k kind, text []byte) uint64 {
	h := (hashStart ^ uint64(k)) * hashPrime
	for _, c := range text {
		h = (h ^ uint64(c)) * hashPrime
	}
	return h
}

// spread lets all bits of h have a part in the ones kept.
func spread(h uint64) Key {
	h ^= h >> 32
	h *= 0x9e3779b97f4a7c15
	return Key(h >> 32)
}

// tableSize is how many places a set has: at MaxFeatures it is half full.
const tableSize = 2 * MaxFeatures

// set gathers the features of a message, each once.
type set struct {
	places [tableSize]Key // open addressing; 0 is free
	used   []uint16       // the places taken, in the order of coming
	last   uint64         // hash of the word before, 0 where none is near

	name     func(k Key, where kind, text string) // told of every feature, for people; nil mostly
	lastWord []byte                               // the word before, kept where name is set
}

func (s *set) full() bool { return len(s.used) == MaxFeatures }

func (s *set) add(k kind, text []byte) { s.addHash(hash(k, text), k, text, nil) }

func (s *set) addHash(h uint64, k kind, a, b []byte) {
	key := spread(h)
	if key == 0 {
		key = 1
	}
	for at := uint64(key) % tableSize; ; at = (at + 1) % tableSize {
		switch {
		case s.places[at] == key:
			return
		case s.places[at] != 0:
			continue
		case s.full():
			return
		}
		s.places[at] = key
		s.used = append(s.used, uint16(at))
		if s.name != nil {
			text := string(a)
			if b != nil {
				text += " " + string(b)
			}
			s.name(key, k, text)
		}
		return
	}
}

// word takes a word of running text and the pair that it makes with the one before.
func (s *set) word(k, pair kind, text []byte) {
	h := hash(k, text)
	s.addHash(h, k, text, nil)
	if s.last != 0 {
		var before []byte
		if s.name != nil {
			before = s.lastWord
		}
		s.addHash((s.last^uint64(pair))*hashPrime+h, pair, before, text)
	}
	s.last = h
	if s.name != nil {
		s.lastWord = append(s.lastWord[:0], text...)
	}
}

// part ends a run of words: what follows makes no pair with what was.
func (s *set) part() { s.last = 0 }
