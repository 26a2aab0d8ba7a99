package message

import "fmt"

// Reply is an SMTP reply: code and text of RFC 5321 §4.2, enhanced code of RFC 3463.
type Reply struct {
	Code     int
	Enhanced [3]int
	Text     string // one sentence that a person understands
}

// String is the reply as one would read it aloud, without the enhanced code
// where there was none.
func (r Reply) String() string {
	if r.Enhanced == [3]int{} {
		return fmt.Sprintf("%d %s", r.Code, r.Text)
	}
	return fmt.Sprintf("%d %d.%d.%d %s", r.Code, r.Enhanced[0], r.Enhanced[1], r.Enhanced[2], r.Text)
}

// Error lets a Reply travel as an error to the border that speaks SMTP.
func (r *Reply) Error() string {
	return fmt.Sprintf("%d %d.%d.%d %s", r.Code, r.Enhanced[0], r.Enhanced[1], r.Enhanced[2], r.Text)
}
