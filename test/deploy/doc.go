// Package deploy follows the documents that tell how to set a server up, command by command, and sees whether the server
// then works. The commands are read from the documents: what is written there is what is tested.
package deploy
