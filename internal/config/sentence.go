package config

// Sentence is the key of the text (package text) that tells what a setting may be; its placeholders are {name}, {value} and {choices}.
func Sentence(k Key) string {
	switch k.Name {
	case "server.name", "send.hello":
		return "error_value_host"
	case "local.name":
		return "error_value_local_name"
	case "send.warn-after":
		return "error_value_warn_after"
	case "send.give-up-after":
		return "error_value_give_up_after"
	case "send.connections", "send.relay-connections":
		return "error_value_connections"
	case "send.source-address":
		return "error_value_source"
	case "dns.resolver":
		return "error_value_resolver"
	case "receive.block-lists":
		return "error_value_block_lists"
	case "cert.directory", "cert.staging":
		return "error_value_cert_directory"
	case "cert.email":
		return "error_value_email"
	case "dns.server":
		return "error_value_dns_server"
	case "tls.key-file":
		return "error_value_key_file"
	case "limits.message-size":
		return "error_value_message_size"
	}
	switch k.Kind {
	case Choice:
		return "error_value_choice"
	case Switch:
		return "error_value_switch"
	case Days:
		return "error_value_days"
	case Size:
		return "error_value_size"
	case Number:
		return "error_value_number"
	}
	return "error_value_text"
}
