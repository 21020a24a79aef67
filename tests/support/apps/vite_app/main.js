document.title = "vite and berth";
