"""Files of trades and of FIX as rows to be sent, whatever they are written in."""
