package page

// keepTyped keeps what somebody typed into a form that was not right, so that they need not type it again; never a secret.
func (s *session) keepTyped(form string, values map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forms == nil {
		s.forms = map[string]map[string]string{}
	}
	s.forms[form] = values
}

// typed is what was kept; nil for nothing.
func (s *session) typed(form string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forms[form]
}
