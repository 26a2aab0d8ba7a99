package metrics

// Set is what the appliance counts. Refusals have the reasons of whoever refuses.
type Set struct {
	Registry

	Accepted     *Family  // messages taken, by service: smtp, submission
	Junk         *Counter // of those from the world: filed as junk
	Refused      *Family  // by reason
	Deliveries   *Family  // of recipients elsewhere, by result
	Connections  *Family  // begun, by service
	LoginsFailed *Family  // by service
	Received     *Counter // octets of messages taken
	Sent         *Counter // octets of messages handed to other servers
}

// Services are the labels of those that accept connections.
func Services() []string { return []string{"smtp", "submission", "imap", "pop3", "https"} }

// Results are the labels of deliveries: the fates of the queue.
func Results() []string { return []string{"delivered", "relayed", "deferred", "failed", "dropped"} }

// Delivery counts what became of a recipient elsewhere, and the octets that were handed over.
func (s *Set) Delivery(result string, octets int64) {
	s.Deliveries.Of(result).Inc()
	if result == "delivered" || result == "relayed" {
		s.Sent.Add(octets)
	}
}

// Sources are the gauges.
type Sources struct {
	Queue       func() (waiting, held int64, err error) // recipients in the queue
	Connections func() int                              // open
	Up          func() float64                          // seconds since the start
}

// New makes the set; reasons are the labels of refusals.
func New(reasons []string, now Sources) *Set {
	s := &Set{}
	s.Accepted = s.Family("buzon_messages_accepted_total", "Messages taken, by service.", "service", "smtp", "submission")
	s.Junk = s.Counter("buzon_messages_junk_total", "Messages from the world that were filed as junk.")
	s.Refused = s.Family("buzon_refused_total", "Refusals, by reason.", "reason", reasons...)
	s.Deliveries = s.Family("buzon_deliveries_total", "Attempts to deliver to recipients elsewhere, by result.", "result", Results()...)
	s.Connections = s.Family("buzon_connections_total", "Connections accepted, by service.", "service", Services()...)
	s.LoginsFailed = s.Family("buzon_logins_failed_total", "Log-ins with a wrong name or password, by service.", "service", "submission", "imap", "pop3", "https")
	s.Received = s.Counter("buzon_received_bytes_total", "Octets of messages taken.")
	s.Sent = s.Counter("buzon_sent_bytes_total", "Octets of messages handed to other servers.")
	queue := func(pick func(waiting, held int64) int64) func() (float64, bool) {
		return func() (float64, bool) {
			waiting, held, err := now.Queue()
			return float64(pick(waiting, held)), err == nil // whoever asks sees that it is missing; the store tells why
		}
	}
	s.Gauge("buzon_queue_recipients", "Recipients in the queue.", queue(func(waiting, _ int64) int64 { return waiting }))
	s.Gauge("buzon_queue_held", "Of those, the ones that are held.", queue(func(_, held int64) int64 { return held }))
	s.Gauge("buzon_connections", "Connections open.", func() (float64, bool) { return float64(now.Connections()), true })
	s.Gauge("buzon_up_seconds", "Seconds since the start.", func() (float64, bool) { return now.Up(), true })
	return s
}
