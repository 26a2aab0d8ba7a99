package smtpclient

import (
	"errors"
	"fmt"
	"os"

	"buzon/internal/message"
)

// lost is what recipients without an answer are told when err ended the attempt.
func (c *Client) lost(err error) message.Reply {
	var e *Error
	if !errors.As(err, &e) {
		return tryLater([3]int{4, 3, 0}, "The message could not be sent.")
	}
	switch {
	case e.Reply.Code >= 400:
		return e.Reply
	case e.Uncertain:
		return tryLater([3]int{4, 4, 2}, fmt.Sprintf("%s took the message but did not say what became of it. It may have arrived, and may arrive twice.", c.host))
	case e.Stage == "body":
		return tryLater([3]int{4, 3, 0}, "The message could not be read here.")
	case errors.Is(err, ErrReply):
		return tryLater([3]int{4, 5, 0}, fmt.Sprintf("%s answered something that is not SMTP (%s).", c.host, e.Stage))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return tryLater([3]int{4, 4, 2}, fmt.Sprintf("%s did not answer in time (%s).", c.host, e.Stage))
	}
	return tryLater([3]int{4, 4, 2}, fmt.Sprintf("The connection to %s was lost (%s).", c.host, e.Stage))
}

func tryLater(enhanced [3]int, text string) message.Reply {
	return message.Reply{Code: 451, Enhanced: enhanced, Text: text}
}
