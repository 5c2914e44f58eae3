// Package netns tests co-browses across networks that hinder them: the customer, the agent and the server each in a network
// namespace of their own, and between them a router in user space that filters, translates addresses, delays and loses.
// The tests need root on Linux.
package netns
