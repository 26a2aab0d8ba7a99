// Package junk is the statistical filter: it tells from the words of a message, and from how often an account had them in
// junk and in good mail, whether it is junk. It learns from where people put their mail, and knows nothing before that.
//
// Read takes the telling features out of a message: words, pairs of words, header fields, hosts of links, what markup
// hides. They become numbers (Key) as soon as they are met: no text is kept, in memory or in the file, and whatever the
// message, there are at most MaxFeatures of them and no more than MaxText octets of text are looked at.
//
// A Table is what an account's mail taught, packed in shards of sorted keys, and Record what one message adds to it;
// both are octets that the store keeps. Score combines the counts that a table has for the features of a message.
//
// Nothing here knows where the octets are kept, and no message or part of one is held beyond a few KiB.
package junk
